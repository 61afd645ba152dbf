-- Asks for the paths of a file in turn, and ends with the figures as one line of JSON.

local requests = {}
local last = 0

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('GET', path)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

-- wrk counts in microseconds.
function done(summary, latency)
  local errors = summary.errors
  local failures = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  local line = '{"requestsPerSecond":%.1f,"p50":%.3f,"p99":%.3f,"failures":%d}\n'
  io.write(line:format(
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    failures
  ))
end
