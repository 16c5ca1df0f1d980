// What js/tsconfig.json needs to know beside the types of Node.js. Only declarations; not published.

/** Descriptors without a prototype: a program may have put `get` on `Object.prototype`. */
interface PropertyDescriptor {
  __proto__?: null;
}

declare namespace NodeJS {
  interface ProcessReport {
    /** Since Node.js 22.0 and 20.13. */
    excludeNetwork?: boolean;
  }
}
