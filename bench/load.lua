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

local symptoms = '"demamId":0,"batukId":"1","pilekId":0,"sakitTenggorokanId":0,"sesakNapasId":0,"lemasId":0,' ..
  '"nyeriOtotId":0,"mualMuntahId":0,"diareId":0,"anosmiaId":0,"napasCepatId":0,"frekNapas30KaliPerMenitId":0,' ..
  '"distresPernapasanBeratId":0,"lainnyaId":0'
local patient = '{"kewarganegaraanId":"ID","nik":"9999%012d","noPassport":null,"asalPasienId":0,"noRM":"RM-%d",' ..
  '"namaLengkapPasien":"Pasien Contoh","namaInisialPasien":"PC","tanggalLahir":"1990-01-31","email":null,' ..
  '"noTelp":"080000000000","jenisKelaminId":"L","domisiliKecamatanId":"320710","domisiliKabKotaId":3207,' ..
  '"domisiliProvinsiId":32,"pekerjaanId":"1","tanggalMasuk":"2026-02-01","jenisPasienId":3,"varianCovidId":1,' ..
  '"statusPasienId":3,"statusCoInsidenId":0,"statusRawatId":29,"alatOksigenId":null,"penyintasId":0,' ..
  '"tanggalOnsetGejala":"2026-01-30","kelompokGejalaId":1,"gejala":{' .. symptoms .. '}}'

-- The patient API: `password` is a token, `hospitals` how many reports there are to be read.
local function of_patient()
  local headers = { ["Authorization"] = "Bearer " .. password, ["Content-Type"] = "application/json" }
  n = n + 1
  if what == "patient_post" then
    return wrk.format("POST", "/api/laporancovid19versi3", headers, string.format(patient, n, n))
  end
  return wrk.format("GET", string.format("/api/laporancovid19versi3/%d", n % hospitals + 1), headers)
end

function request()
  if what == "patient_post" or what == "patient_get" then
    return of_patient()
  end
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
