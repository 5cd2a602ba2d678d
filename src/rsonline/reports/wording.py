"""The words for every code: what was wrong, what was expected, how to put it right.

Refusals in Indonesian hold `gagal` or `tidak ditemukan`, which clients look for; none holds the name of a method in
capitals, which would make one client repeat its request.
"""

from typing import Final

from rsonline.reports.fields import Label
from rsonline.reports.lenient import Malformed
from rsonline.reports.verdict import Problem, Repair, ReportWarning, Words

PROBLEMS: Final[dict[str, Words]] = {
    "required": Words("{member} wajib diisi, gagal karena kosong", "{member} is required and was not sent"),
    "not_a_number": Words(
        "{member} gagal dibaca sebagai angka: kirim angka saja, misalnya 7",
        "{member} is no number: send digits only, for example 7",
    ),
    "not_whole": Words("{member} gagal: harus bilangan bulat", "{member} must be a whole number"),
    "negative": Words("{member} gagal: tidak boleh kurang dari 0", "{member} must be 0 or more"),
    "too_large": Words("{member} gagal: paling besar {most}", "{member} must be at most {most}"),
    "decimal_comma": Words(
        "{member} gagal dibaca: pakai titik sebagai tanda desimal, misalnya 8999.09",
        "{member}: use a point as decimal mark, for example 8999.09",
    ),
    "not_a_date": Words(
        "{member} gagal dibaca sebagai tanggal: kirim yyyy-mm-dd", "{member} is no date: send yyyy-mm-dd"
    ),
    "date_too_far_ahead": Words("{member} gagal: paling akhir {latest}", "{member} must not be after {latest}"),
    "not_a_time": Words(
        "{member} gagal dibaca sebagai waktu: kirim yyyy-mm-dd hh:mm:ss",
        "{member} is no time: send yyyy-mm-dd hh:mm:ss",
    ),
    "not_an_instant": Words(
        "{member} gagal dibaca sebagai waktu: kirim milidetik sejak 1970 (13 angka)",
        "{member} is no time: send milliseconds since 1970 (13 digits)",
    ),
    "not_text": Words("{member} gagal: harus berupa teks", "{member} must be text"),
    "not_a_scalar": Words(
        "{member} gagal: harus satu nilai, bukan daftar atau objek",
        "{member} must be one value, not a list or an object",
    ),
    "not_a_flag": Words("{member} gagal: kirim 1 (ya) atau 0 (tidak)", "{member}: send 1 (yes) or 0 (no)"),
    "too_long": Words("{member} gagal: paling panjang {most} karakter", "{member} must have at most {most} characters"),
    "forbidden_character": Words(
        "{member} gagal: berisi karakter kendali atau karakter tak terlihat",
        "{member} holds control or invisible characters",
    ),
    "unknown_reference": Words(
        "{member} tidak ditemukan dalam daftar referensi {of}", "{member} is not in the reference list {of}"
    ),
    "other_hospital": Words("{member} gagal: harus sama dengan X-rs-id", "{member} must equal X-rs-id"),
    "conflict_body_header": Words(
        "{member} gagal: isi body dan header berbeda", "{member} differs between body and header"
    ),
    "conflict_headers": Words(
        "{member} gagal: dua header berbeda isinya", "{member} was sent in two headers with different values"
    ),
    "must_be_text": Words("{member} gagal: harus berupa teks", "{member} must be text"),
    "empty": Words("{member} gagal: tidak boleh kosong", "{member} must not be empty"),
    "must_be_number": Words("{member} gagal: harus berupa angka", "{member} must be a number"),
    "must_be_safe": Words("{member} gagal: angka terlalu besar", "{member} is too large a number"),
    "must_be_object": Words("{member} gagal: harus berupa objek", "{member} must be an object"),
    "not_allowed": Words("{member} gagal: tidak dikenal di sini", "{member} is not known here"),
    "born_later": Words("{member} gagal: sesudah hari ini", "{member} is after today"),
    "admitted_later": Words("{member} gagal: sesudah hari ini", "{member} is after today"),
    "no_group": Words("{member} gagal: hanya 1 sampai 4", "{member} must be 1 to 4"),
    "no_device": Words(
        "{member} gagal: kelompok gejala {group} tanpa alat oksigen", "{member}: symptom group {group} has no device"
    ),
    "device_of_group": Words(
        "{member} gagal: alat {device} bukan untuk kelompok gejala {group}",
        "{member}: device {device} is not for symptom group {group}",
    ),
    "bed_of_group": Words(
        "{member} gagal: tempat rawat {bed} bukan untuk kelompok gejala {group}",
        "{member}: place of care {bed} is not for symptom group {group}",
    ),
    "bed_of_visit": Words(
        "{member} gagal: tempat rawat {bed} bukan untuk jenis pasien {visit}",
        "{member}: place of care {bed} is not for a visit of kind {visit}",
    ),
    "passport_needed": Words(
        "{member} gagal: wajib untuk kewarganegaraan {country}", "{member} is required for citizens of {country}"
    ),
    "primary_icd": Words(
        "{member} gagal: {icd} bukan diagnosis utama COVID-19", "{member}: {icd} is no primary diagnosis of COVID-19"
    ),
    "discharged_later": Words("{member} gagal: sesudah hari ini", "{member} is after today"),
    "discharged_before": Words("{member} gagal: sebelum tanggal masuk", "{member} is before the admission"),
    "cause_of_death": Words(
        "{member} gagal: {cause} tidak ada dalam daftar penyebab kematian",
        "{member}: {cause} is not on the list of causes of death",
    ),
    "nik_length": Words("{member} gagal: harus 16 angka", "{member} must have 16 digits"),
    "pregnant_man": Words("{member} gagal: pasien laki-laki", "{member}: the patient is male"),
    "nik_unknown": Words("{member} tidak ditemukan di registri penduduk", "{member} is not in the population registry"),
    "nik_birth_date": Words(
        "{member} gagal: tidak sesuai dengan registri penduduk", "{member} is not what the population registry says"
    ),
    "registry_unusable": Words(
        "{member} gagal diperiksa: jawaban registri tidak dapat dipakai",
        "{member}: the registry's answer cannot be used",
    ),
    "registry_away": Words(
        "{member} gagal diperiksa: registri tidak dapat dihubungi", "{member}: the registry cannot be asked"
    ),
    "unknown_booking": Words(
        "{member} tidak ditemukan: kirim data booking lebih dulu", "{member} was not found: send the booking first"
    ),
    "unknown_parent": Words(
        "{member} tidak ditemukan: kirim data dasarnya lebih dulu",
        "{member} was not found: send the record that it belongs to first",
    ),
    "older_timestamp": Words(
        "{member} gagal: lebih lama dari laporan terakhir yang diterima untuk data ini",
        "{member} is older than the last accepted message about this record",
    ),
    "several_rooms": Words(
        "{member} gagal: ada {rooms} ruang berjenis ini, sebutkan id_t_tt atau ruang",
        "{member}: there are {rooms} rooms of this type, name id_t_tt or ruang",
    ),
}

WARNINGS: Final[dict[str, Words]] = {
    "terpakai_more_than_jumlah": Words(
        "Terpakai {terpakai} lebih dari jumlah {jumlah}", "{terpakai} beds occupied of {jumlah}"
    ),
    "covid_sum_differs": Words(
        "Terpakai {terpakai} tidak sama dengan suspek + konfirmasi {sum}",
        "Occupied {terpakai} is not suspected + confirmed {sum}",
    ),
    "noncovid_has_covid_patients": Words(
        "Bukan tempat tidur covid tetapi suspek + konfirmasi {sum}", "No covid beds, but suspected + confirmed is {sum}"
    ),
    "covid_contradicts_type": Words("covid tidak sesuai dengan jenis {id_tt}", "covid does not fit bed type {id_tt}"),
    "dbd_more_than_beds": Words(
        "Tempat tidur DBD {jumlah_dbd} lebih dari jumlah {jumlah}", "{jumlah_dbd} dengue beds of {jumlah} beds"
    ),
    "dbd_patients_more_than_used": Words(
        "Pasien DBD lebih dari terpakai {terpakai}", "More dengue patients than the {terpakai} occupied beds"
    ),
    "examined_more_than_staff": Words(
        "{member}: yang diperiksa lebih dari tenaga", "{member}: more tested than there are"
    ),
    "positive_more_than_examined": Words(
        "{member}: hasil positif lebih dari yang diperiksa", "{member}: more positive than tested"
    ),
    "totals_differ": Words(
        "{member} {total} tidak sama dengan jumlah bagiannya {sum}",
        "{member} {total} is not the sum of its parts {sum}",
    ),
    "deaths_more_than_infected": Words(
        "{member}: yang meninggal lebih dari yang terinfeksi hari itu, periksa kembali",
        "{member}: more deaths than infected that day, please check",
    ),
    "received_more_than_needed": Words(
        "Diterima {jumlah_diterima} lebih dari kebutuhan {jumlah}", "Received {jumlah_diterima} of {jumlah} needed"
    ),
    "unlisted_reference": Words(
        "{member} {id_kebutuhan} belum ada dalam daftar referensi layanan ini",
        "{member} {id_kebutuhan} is not in this service's reference list yet",
    ),
    "unlisted_id": Words(
        "{member} belum ada dalam daftar {of} layanan ini", "{member} is not in this service's list {of} yet"
    ),
    "outdated_member": Words(
        "{member} sudah tidak dikenal dan diabaikan", "{member} is not known any more and was passed over"
    ),
    "death_unexplained": Words(
        "{member} kosong padahal pasien meninggal", "{member} is empty although the patient died"
    ),
    "dates_out_of_order": Words("{member} lebih awal dari {before}", "{member} is before {before}"),
    "nik_not_16_digits": Words("{member} bukan 16 angka", "{member} does not have 16 digits"),
    "nik_region_unknown": Words(
        "{member} berawal kode wilayah yang tidak dikenal", "{member} begins with an unknown region code"
    ),
    "nik_contradicts_birth_date": Words(
        "{member} tidak sesuai dengan tanggal lahir atau jenis kelamin",
        "{member} does not fit the birth date or the sex",
    ),
    "region_unknown": Words("{member} tidak ada dalam daftar wilayah", "{member} is not in the list of regions"),
    "region_contradicts": Words(
        "{member} tidak termasuk provinsi yang disebut", "{member} does not belong to the province"
    ),
    "result_of_another_test": Words(
        "{member} bukan hasil dari jenis pemeriksaan ini", "{member} is no result of this test"
    ),
    "duplicate_suspected": Words(
        "Mungkin sudah pernah dikirim sebagai nomor {number}", "May have been sent already as number {number}"
    ),
    "task_out_of_order": Words(
        "Waktu tidak urut dengan task lain booking ini", "The time is out of order with the other tasks of this booking"
    ),
    "task_in_future": Words("Waktu belum terjadi", "The time has not come yet"),
    "first_time_kept": Words(
        "Task sudah ada dengan waktu lain; waktu pertama yang disimpan",
        "The task has another time already; the first one is kept",
    ),
    "name_under_several_types": Words(
        "Nama ruang ini juga dipakai jenis tempat tidur lain", "This room name is also used under another bed type"
    ),
    "older_timestamp": Words(
        "{member} lebih lama dari laporan sebelumnya untuk data ini; yang terakhir diterima yang berlaku",
        "{member} is older than that of the message before; the last one received counts",
    ),
    "unknown_member": Words(
        "{member} tidak dikenal panduan dan diabaikan", "{member} is not in the guide and was ignored"
    ),
    "alias_differs": Words(
        "{member} dan {alias} berbeda; yang dipakai {member}", "{member} and {alias} differ; {member} was used"
    ),
}

REPAIRS: Final[dict[str, Words]] = {
    "trailing_comma": Words(
        "Koma berlebih sebelum penutup di {where}", "A comma too many before the bracket at {where}"
    ),
    "typographic_quotes": Words("Tanda kutip tipografis, mulai {where}", "Typographic quotes, from {where} on"),
    "byte_order_mark": Words("Tanda urutan byte di awal", "A byte order mark at the beginning"),
    "duplicate_member": Words(
        "{where} dikirim lebih dari sekali dengan isi sama", "{where} was sent more than once with the same value"
    ),
    "missing_comma": Words("Koma kurang sebelum {where}", "A comma is missing before {where}"),
    "raw_tab": Words("Tab di dalam {where}", "A tab inside {where}"),
    "form_fields": Words("Isian formulir, bukan JSON", "Form fields instead of JSON"),
    "alias": Words("Ejaan lain: {where}", "Another spelling: {where}"),
    "seconds_as_milliseconds": Words("{where} dikirim dalam detik", "{where} was sent in seconds"),
    "leading_zeros": Words("Nol di depan {where}", "Leading zeros in {where}"),
    "letter_case": Words("Huruf besar kecil {where}", "Letter case of {where}"),
    "listed_alias": Words("Singkatan pada {where}", "A short form in {where}"),
    "task_9_as_99": Words("Task 9 dibaca sebagai 99", "Task 9 was read as 99"),
    "path": Words("Alamat ditulis dengan cara lain", "The address was written in another way"),
}

MALFORMED: Final = Words(
    "Isi permintaan gagal dibaca: baris {line}, kolom {column}{member}: diharapkan {expected}",
    "The body cannot be read: line {line}, column {column}{member}: expected {expected}",
)


def problem_text(problem: Problem, label: Label | None) -> Words:
    """A problem in words; the member goes by the guide's spelling, which is what a programmer sends."""
    return _filled(PROBLEMS[problem.code], member=problem.member, **problem.detail)


def warning_text(warning: ReportWarning, label: Label | None) -> Words:
    """A warning in words."""
    return _filled(WARNINGS[warning.code], member=warning.member, **warning.detail)


def repair_text(repair: Repair) -> Words:
    """A repair in words."""
    return _filled(REPAIRS[repair.code], where=repair.where)


def malformed_text(fault: Malformed) -> Words:
    """Where a body cannot be read and what was expected there; a conflicting duplicate names both places."""
    line, column = fault.line, fault.column
    also_id = also_en = ""
    if fault.also:
        also_id = f" (yang pertama di baris {fault.also[0]}, kolom {fault.also[1]})"
        also_en = f" (the first one at line {fault.also[0]}, column {fault.also[1]})"
    member_id = f", anggota {fault.member}" if fault.member else ""
    member_en = f", member {fault.member}" if fault.member else ""
    return Words(
        MALFORMED.id.format(line=line, column=column, member=member_id, expected=fault.expected[0]) + also_id,
        MALFORMED.en.format(line=line, column=column, member=member_en, expected=fault.expected[1]) + also_en,
    )


def _filled(words: Words, **parts: object) -> Words:
    return Words(words.id.format(**parts), words.en.format(**parts))
