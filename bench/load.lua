-- wrk's requests: distinct task times, or updates that go round the rooms. Arguments: what, first, hospitals,
-- rooms, first hospital, password.
local n, what, hospitals, rooms, code, password

function init(arguments)
  what = arguments[1]
  n = tonumber(arguments[2])
  hospitals = tonumber(arguments[3])
  rooms = tonumber(arguments[4])
  code = tonumber(arguments[5])
  password = arguments[6]
end

local steps = { "1", "2", "3", "4", "5", "6", "7", "99" }

function request()
  local which = n % hospitals
  local item = math.floor(n / hospitals)
  n = n + 1
  local headers = {
    ["X-rs-id"] = string.format("%d", code + which),
    ["X-pass"] = password,
    ["X-Timestamp"] = string.format("%d", os.time()),
    ["Content-Type"] = "application/json",
  }
  if what == "task" or what == "task_once" then
    if what == "task_once" then
      headers["Idempotency-Key"] = string.format("k-%d", n)
    end
    local body = string.format(
      '{"kodebooking":"B-%d","taskid":"%s","waktu":"%d000"}',
      math.floor(item / 8), steps[item % 8 + 1], os.time())
    return wrk.format("POST", "/fo/index.php/Antrian/Task", headers, body)
  end
  local body = string.format(
    '{"id_tt":"3","ruang":"Ruang %d","jumlah_ruang":"4","jumlah":"20","terpakai":"%d","terpakai_suspek":"0",' ..
    '"terpakai_konfirmasi":"0","antrian":"0","prepare":"0","prepare_plan":"0","covid":"0"}',
    item % rooms, item % 21)
  return wrk.format("PUT", "/fo/index.php/Fasyankes", headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
