'use strict';

module.exports = {
  page: 'docs/demo.md',
  snippets: {
    'The demo': { notRun: '__test__/demo runs it, and its page' },
    "The doctor's report": { notRun: '__test__/demo runs it, and its page' },
  },
};
