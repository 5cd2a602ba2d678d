"""The words and the made-up examples of the description of the service, in both languages."""

from typing import Any, Final

from rsonline.reports import PCR_NAKES
from rsonline.reports.fields import Count
from rsonline.reports.report import members
from rsonline.reports.verdict import Words

INFO: Final = Words(
    """Layanan ini menerima laporan rumah sakit seperti *Petunjuk Teknis Integrasi Data RS Online versi 3*
(2 April 2024): alamat, metode, nama isian, kunci jawaban dan kalimat kuncinya sama, sehingga program yang dibuat
menurut petunjuk itu dapat dipakai tanpa diubah.

**Sama dengan petunjuk:** setiap permintaan membawa `X-rs-id`, `X-pass` dan `X-Timestamp`; setiap jawaban adalah satu
objek dengan satu kunci yang berisi daftar; `status` dan semua nilai baris berupa teks; GET dan DELETE juga boleh
membawa isi JSON seperti di petunjuk (OpenAPI tidak dapat menggambarkannya; di sini saringan ditulis sebagai parameter).

**Lebih longgar:** huruf besar-kecil alamat tidak dibedakan; angka boleh berupa teks; cacat yang jelas maksudnya
(koma berlebih, tanda kutip tipografi, nama yang terulang sama, detik sebagai milidetik, ejaan lain) diperbaiki dan
disebut dalam header `X-RSOnline-Repairs`. Isian yang tidak dikenal tidak disimpan dan disebut sebagai peringatan.
`Content-Type` tidak menentukan cara membaca isi.

**Tambahan:** kode HTTP menyatakan kegagalan (kecuali rumah sakit yang diatur selalu 200), `code`, `errors` dan
`warnings` di samping `status` dan `message`, nomor baru di jawaban POST dan PUT, header `X-Request-ID`,
`X-RSOnline-Repairs` dan `X-RSOnline-Warnings`, DELETE untuk laporan harian, GET untuk waktu pelayanan. Kalimat
kesalahan berbahasa Inggris bila `Accept-Language` diawali `en`.

**Bertanda tangan:** `X-pass` dan `X-Timestamp` dapat diganti tanda tangan (RFC 9421, HMAC-SHA-256) dengan kunci yang
tidak pernah dikirim: `docs/signed-requests.md`.

**Satu dari dua:** parameter yang disebut dalam `x-one-of` adalah dua cara menulis satu hal; kirim salah satu saja.""",
    """This service takes hospital reports as the guide *Petunjuk Teknis Integrasi Data RS Online versi 3*
(2 April 2024) describes them: addresses, methods, member names, root keys and key phrases are the same, so that a
program written
for the guide works unchanged.

**As in the guide:** every request carries `X-rs-id`, `X-pass` and `X-Timestamp`; every answer is one object with one
key that holds a list; `status` and all values of rows are text; GET and DELETE may also carry the JSON body of the
guide (OpenAPI cannot describe it; here filters are written as parameters).

**More tolerant:** addresses in any letter case; numbers may be text; faults whose meaning is plain (a trailing comma,
typographic quotes, a name repeated with the same value, seconds for milliseconds, other spellings) are mended and
named in the header `X-RSOnline-Repairs`. Unknown members are not stored and named in a warning. `Content-Type` does
not decide how a body is read.

**Extensions:** HTTP status tells of failures (but for hospitals set to always 200), `code`, `errors` and `warnings`
beside `status` and `message`, the new number in answers to POST and PUT, the headers `X-Request-ID`,
`X-RSOnline-Repairs` and `X-RSOnline-Warnings`, DELETE of daily reports, GET of times of service. Texts of errors are
English where `Accept-Language` begins with `en`.

**Signed:** instead of `X-pass` and `X-Timestamp` a request may carry a signature (RFC 9421, HMAC-SHA-256) by a key that
is never sent: `docs/signed-requests.md`.

**One of two:** parameters named in `x-one-of` are two ways to write one thing; send only one of them.""",
)

LISTED: Final = Words("Daftar kode yang dipakai laporan", "Codes that the reports use")
ALIASES: Final = Words("Ejaan lain yang dibaca: {names}", "Other spellings that are read: {names}")
PERSONAL: Final = Words("Data pribadi", "Personal data")

VERBS: Final[dict[tuple[str, str], tuple[Words, Words]]] = {
    ("PerDay", "GET"): (
        Words("Baca laporan harian", "Read daily reports"),
        Words(
            "Laporan satu hari; tanpa tanggal, sepuluh hari terakhir, terbaru lebih dulu. Isi JSON "
            '`{"tanggal": "2021-07-21"}` juga dibaca.',
            "The report of one day; without a day the last ten days, newest first. The JSON body "
            '`{"tanggal": "2021-07-21"}` is read too.',
        ),
    ),
    ("PerDay", "POST"): (
        Words("Simpan laporan harian", "Store a daily report"),
        Words(
            "Laporan hari yang sudah ada diperbarui; isian yang tidak dikirim tetap. Tanpa `tanggal` di isi, "
            "header `X-tanggal` dibaca.",
            "An existing report of that day is updated; members that are not sent stay. Without `tanggal` in "
            "the body the header `X-tanggal` is read.",
        ),
    ),
    ("PerDay", "PUT"): (
        Words("Perbarui laporan harian", "Update a daily report"),
        Words("Sama dengan POST.", "The same as POST."),
    ),
    ("PerDay", "DELETE"): (
        Words("Hapus laporan harian", "Remove a daily report"),
        Words(
            'Hari disebut di header, di query, atau di isi JSON `{"tanggal": "2021-07-21"}`.',
            'The day stands in the header, the query, or the JSON body `{"tanggal": "2021-07-21"}`.',
        ),
    ),
    ("PerItem", "GET"): (
        Words("Baca daftar kebutuhan", "Read the list of needs"),
        Words(
            "Semua isi daftar referensi; nilai kosong (null) bila belum dilaporkan.",
            "Every entry of the reference list; null where nothing was reported.",
        ),
    ),
    ("PerItem", "POST"): (
        Words("Tambah kebutuhan", "Add a need"),
        Words(
            "Yang sudah ada tidak diubah: jawabannya `status` 200 dengan `sudah ada. Gunakan method PUT`.",
            "What exists is not changed: the answer is `status` 200 with `sudah ada. Gunakan method PUT`.",
        ),
    ),
    ("PerItem", "PUT"): (
        Words("Ubah kebutuhan", "Change a need"),
        Words(
            "Yang belum ada tidak ditambah: jawabannya `status` 200 dengan `belum ada di database, gunakan method "
            "POST` (kecuali rumah sakit yang diatur menambah lewat PUT).",
            "What does not exist is not added: the answer is `status` 200 with `belum ada di database, gunakan "
            "method POST` (but for hospitals set to add by PUT).",
        ),
    ),
    ("PerItem", "DELETE"): (
        Words("Hapus kebutuhan", "Remove a need"),
        Words(
            "Kode disebut di header `Id_kebutuhan` (juga `Id-kebutuhan`), di query, atau di isi JSON.",
            "The code stands in the header `Id_kebutuhan` (also `Id-kebutuhan`), the query, or the JSON body.",
        ),
    ),
    ("Numbered", "GET"): (
        Words("Baca data", "Read records"),
        Words(
            "Tempat tidur: semua ruang. SHK: menurut nomor atau tanggal ambil sampel, tanpa saringan 30 hari terakhir. "
            "Hasil SHK: menurut nomor SHK atau nomor hasil. Saringan juga dibaca dari isi JSON.",
            "Beds: all rooms. SHK: by number or sampling day, without a filter the last 30 days. Results: by number of "
            "the sample or of the result. Filters are read from a JSON body too.",
        ),
    ),
    ("Numbered", "POST"): (
        Words("Tambah data", "Add a record"),
        Words("Jawaban menyebut nomor dari layanan.", "The answer gives the number that the service made."),
    ),
    ("Numbered", "PUT"): (
        Words("Ubah data", "Change a record"),
        Words(
            "Menurut nomor layanan; tempat tidur juga menurut `id_tt` dan `ruang`. Isian yang tidak dikirim tetap.",
            "By the number that the service gave; beds also by `id_tt` and `ruang`. Members that are not sent stay.",
        ),
    ),
    ("Numbered", "DELETE"): (
        Words("Hapus data", "Remove a record"),
        Words(
            'Nomor di query atau di isi JSON, misalnya `{"id_shk": "1001"}`. Tempat tidur juga menurut `id_tt` (dan '
            "`ruang`); `id_tt` saja hanya bila ruangnya satu.",
            'The number stands in the query or the JSON body, such as `{"id_shk": "1001"}`. Beds also by `id_tt` (and '
            "`ruang`); by `id_tt` alone only where there is one room.",
        ),
    ),
    ("Named", "GET"): (
        Words("Baca booking satu hari", "Read the bookings of a day"),
        Words(
            'Tanpa tanggal, hari ini. Isi JSON `{"tanggal": "2024-04-02"}` juga dibaca.',
            'Without a day, today. The JSON body `{"tanggal": "2024-04-02"}` is read too.',
        ),
    ),
    ("Named", "POST"): (
        Words("Tambah booking", "Add a booking"),
        Words(
            "Booking yang sudah ada tidak diubah: `sudah ada. Gunakan method PUT`.",
            "A booking that exists is not changed: `sudah ada. Gunakan method PUT`.",
        ),
    ),
    ("Named", "PUT"): (
        Words("Ubah booking", "Change a booking"),
        Words("Isian yang tidak dikirim tetap.", "Members that are not sent stay."),
    ),
    ("Named", "DELETE"): (
        Words("Hapus booking", "Remove a booking"),
        Words(
            'Di query atau di isi JSON `{"kodebooking": "CONTOH-0001"}`. Waktu pelayanannya tetap tersimpan.',
            'In the query or the JSON body `{"kodebooking": "CONTOH-0001"}`. Its recorded times are kept.',
        ),
    ),
    ("Steps", "GET"): (
        Words("Baca waktu pelayanan", "Read times of service"),
        Words("Semua task satu booking.", "All tasks of one booking."),
    ),
    ("Steps", "POST"): (
        Words("Kirim waktu pelayanan", "Send a time of service"),
        Words(
            "Task yang sudah ada menyimpan waktu pertamanya; booking yang tidak dikenal ditolak dengan 422.",
            "A task that exists keeps its first time; an unknown booking is refused with 422.",
        ),
    ),
    ("Steps", "PUT"): (
        Words("Perbaiki waktu pelayanan", "Correct a time of service"),
        Words(
            "Waktu pelayanan tidak dapat dihapus; pembatalan dikirim sebagai task 99.",
            "Recorded times cannot be removed; a cancellation is sent as task 99.",
        ),
    ),
}
"""Summary and description of each verb of each identity."""

RESPONSES: Final[dict[str, Words]] = {
    "rows": Words("Baris data, atau status 202 bila tidak ada", "Rows, or status 202 where there are none"),
    "POST": Words("Disimpan, atau sudah ada", "Stored, or there already"),
    "PUT": Words("Diubah, atau belum ada", "Changed, or not there yet"),
    "DELETE": Words("Dihapus", "Removed"),
    "outcome": Words(
        "Hasil: `telah disimpan`, `telah diupdate`, `telah dihapus`, `sudah ada. Gunakan method PUT` atau `belum ada "
        "di database, gunakan method POST`",
        "The outcome, by the key phrases of the guide's clients",
    ),
    "failed": Words(
        "Kegagalan, di bawah kunci yang sama dengan jawaban yang berhasil",
        "A failure, under the same key as the answer to a success",
    ),
    "refused": Words(
        "Sambungan menolak permintaan sebelum alamatnya dibaca: batas ukuran, waktu atau banyaknya sambungan",
        "The connection refuses before anybody knows what was asked for: a limit of size, time or connections",
    ),
    "number": Words("Nomor dari layanan", "The number that the service gave"),
    "rs_id": Words("Kode rumah sakit", "Code of the hospital"),
    "pass": Words("Kata sandi RS Online rumah sakit", "The hospital's RS Online password"),
    "timestamp": Words(
        "Detik UTC sejak 1970, paling jauh 24 jam dari jam layanan. Milidetik, pecahan dan ISO 8601 juga dibaca.",
        "UTC seconds since 1970, at most 24 hours from the service's clock. Milliseconds, fractions and ISO 8601 are "
        "read too.",
    ),
    "request_id": Words("Nomor permintaan, juga di catatan layanan", "Id of the request, also in the service's log"),
    "repairs": Words("Yang diperbaiki: `kode:tempat`, dipisah koma", "What was mended: `code:where`, by commas"),
    "warnings": Words("Yang janggal: `kode:isian`, dipisah koma", "What is odd: `code:member`, by commas"),
    "receipt": Words(
        "Resi yang ditandatangani (Ed25519) atas perubahan yang sudah tersimpan; periksa dengan `rsonline receipt "
        "verify` dan kunci di `/.well-known/rsonline-receipt-key`",
        "Signed receipt (Ed25519) of a change that is durable; verify it with `rsonline receipt verify` and the key at "
        "`/.well-known/rsonline-receipt-key`",
    ),
    "replayed": Words(
        "Ini jawaban yang dulu, atas Idempotency-Key yang sama", "This is the earlier answer to the Idempotency-Key"
    ),
    "idempotency": Words(
        "Kunci buatan klien: permintaan dengan kunci dan isi yang sama dikerjakan sekali saja dalam 7 hari dan dijawab "
        "sama; isi lain dengan kunci yang sama ditolak 422, yang masih dikerjakan 409",
        "A key that the client makes: a request with the same key and body is carried out once in 7 days and answered "
        "alike; another body with that key is refused with 422, one still being carried out with 409",
    ),
    "retry": Words("Detik sebelum mencoba lagi", "Seconds before another try"),
    "allow": Words("Metode yang tersedia di alamat ini", "Methods that are offered here"),
    "400": Words(
        "Isi permintaan tidak terbaca (baris dan kolomnya disebut), atau header tidak sah",
        "The body cannot be read (line and column are given), or a header is malformed",
    ),
    "401": Words(
        "Kode, kata sandi atau waktu ditolak; `message` adalah teks yang berisi JSON `response`",
        "Code, password or time refused; `message` is a text that holds JSON with `response`",
    ),
    "404": Words("Data atau alamat tidak ditemukan", "No such record or address"),
    "405": Words("Metode tidak tersedia", "Method not offered"),
    "408": Words("Permintaan tidak lengkap dalam batas waktu", "The request was not complete in time"),
    "409": Words(
        "Nama baru sudah dipakai data lain, atau permintaan dengan Idempotency-Key ini masih dikerjakan",
        "The new name belongs to another record, or a request with this Idempotency-Key is still being carried out",
    ),
    "413": Words("Isi lebih dari {most} byte", "The body is larger than {most} bytes"),
    "414": Words("Alamat terlalu panjang", "The address is too long"),
    "415": Words("Content-Encoding tidak didukung", "Content-Encoding is not supported"),
    "422": Words(
        "Isian ditolak; setiap kesalahan disebut dalam `errors`", "Members refused; each fault stands in `errors`"
    ),
    "429": Words("Terlalu banyak percobaan gagal", "Too many failed attempts"),
    "431": Words("Header terlalu besar atau terlalu banyak", "Header too large or too many"),
    "503": Words("Layanan sibuk, coba lagi", "The service is busy, try again"),
    "507": Words("Penyimpanan layanan penuh", "The service has no room left"),
}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "tempat_tidur": {
        "id_tt": "3",
        "ruang": "Mawar Atas",
        "jumlah_ruang": "3",
        "jumlah": "7",
        "terpakai": "3",
        "terpakai_suspek": "0",
        "terpakai_konfirmasi": "0",
        "antrian": "1",
        "prepare": "0",
        "prepare_plan": "0",
        "covid": 0,
        "terpakai_dbd": "1",
        "terpakai_dbd_anak": "0",
        "jumlah_dbd": "2",
    },
    "sdm": {"id_kebutuhan": "26", "jumlah_eksisting": "154", "jumlah": "3", "jumlah_diterima": "1"},
    "apd": {"id_kebutuhan": "1", "jumlah_eksisting": "150", "jumlah": "30", "jumlah_diterima": "1"},
    "pcr_nakes": {
        "tanggal": "2021-07-21",
        **{m.name: "0" for m in members(PCR_NAKES.record) if isinstance(m.kind, Count)},
        "jumlah_tenaga_perawat": "10",
        "sudah_periksa_perawat": "4",
        "hasil_pcr_perawat": "1",
        "rekap_jumlah_tenaga": "10",
        "rekap_jumlah_sudah_diperiksa": "4",
        "rekap_jumlah_hasil_pcr": "1",
        "tgllapor": "2021-07-21 09:30:00",
    },
    "nakes_terinfeksi": {
        "tanggal": "2021-07-21",
        "perawat": "8",
        "perawat_meninggal": "0",
        "perawat_dirawat": "1",
        "perawat_isoman": "5",
        "perawat_sembuh": "2",
        "tgllapor": "2021-07-21 09:30:00",
    },
    "oksigen": {
        "tanggal": "2021-07-01",
        "p_cair": "120",
        "p_tabung_kecil": "0",
        "p_tabung_sedang": "12.5",
        "p_tabung_besar": "77",
        "k_isi_cair": "889",
        "k_isi_tabung_kecil": "0",
        "k_isi_tabung_sedang": "8999.09",
        "k_isi_tabung_besar": "870",
        "tgllapor": "2021-07-01 12:59:59",
    },
    "shk": {
        "nik_ibu": "9999000000000001",
        "nama_ibu": "Ibu Contoh",
        "nik_anak": "",
        "nama_anak": "By Ny Contoh",
        "tgllahir": "2022-11-25",
        "gender": "Laki-Laki",
        "umur": 0,
        "alamat": "Jalan Contoh 1",
        "provinsi": "34",
        "kabkota": "3404",
        "kecamatan": "DEPOK",
        "tgl_ambil_sampel": "2022-11-27",
        "tgl_kirim_sampel": "2022-11-28",
        "tgl_lapor": "2022-11-29",
    },
    "shk_hasil": {
        "id_shk": "1001",
        "jenis_pemeriksaan": "1",
        "hasil_pemeriksaan": "1",
        "tgl_periksa": "2022-12-16",
        "tgl_hasil": "2023-01-02",
        "layak_sampel": "2",
        "tgl_terima": "2022-12-01",
    },
    "antrian": {
        "kodebooking": "CONTOH-0001",
        "jenispasien": "JKN",
        "nik": "9999000000000001",
        "kodepoli": "INT",
        "namapoli": "Poli Contoh",
        "pasienbaru": 0,
        "norm": "RM-CONTOH-1",
        "tanggalperiksa": "2024-04-02",
        "kodedokter": "12345",
        "namadokter": "dr. Contoh",
        "jampraktek": "08:00-12:00",
        "jeniskunjungan": 1,
        "nomorantrean": "A-12",
        "angkaantrean": 12,
        "estimasidilayani": 1712023200000,
        "keterangan": "Contoh",
    },
    "antrian_task": {"kodebooking": "CONTOH-0001", "taskid": 3, "waktu": 1712023200000},
}
"""One made-up message of each report. Numbers of persons begin with 9999 and belong to nobody."""
