-- A script for wrk: sends the tokens of a file, one a line, in turn, and prints the figures as JSON.
--
--   wrk … -s load.lua URL -- FILE [LIMIT]
--
-- With LIMIT, it ends after that number of requests; wrk itself ends after a time only.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *time);
  int getpid(void);
  int kill(int pid, int signal);
]]

local MONOTONIC = 1
local SIGINT = 2

local function now()
  local time = ffi.new("bench_time")
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

local main

function setup(thread)
  main = thread
end

local requests = {}
local made = 0
local limit
local begun
-- Global, because `done` runs in another Lua state, which can read globals only.
elapsed = 0

function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { authorization = "Bearer " .. token })
  end
  limit = tonumber(args[2])
end

function request()
  if made == 0 then begun = now() end
  made = made + 1
  if made == limit then
    elapsed = now() - begun
    ffi.C.kill(ffi.C.getpid(), SIGINT)
  end
  return requests[(made - 1) % #requests + 1]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"elapsed":%.6f,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, main:get("elapsed"),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed
  ))
end
