"""The patient API: its accounts, COVID-19 patients with their parts, deaths."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBERED = (
    "pasien_covid",
    "pasien_diagnosa",
    "pasien_komorbid",
    "pasien_terapi",
    "pasien_vaksinasi",
    "pasien_pemeriksaanlab",
    "kematian",
)


def upgrade() -> None:
    """Make the new tables, and on a server the sequences of their numbers."""
    _account()
    _pasien_covid()
    _parts()
    _kematian()
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(f"CREATE SEQUENCE number_{table}")


def _system() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("claimed_at", sa.BigInteger()),
        sa.Column("warnings", sa.Text()),
    ]


def _recognised(table: str, *, unique: bool = False) -> None:
    alive = sa.text("deleted_at IS NULL")
    op.create_index(
        f"{table}_recognised",
        table,
        ["kode_rs", "recognised"],
        unique=unique,
        sqlite_where=alive,
        postgresql_where=alive,
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("user_name", sa.Text(), primary_key=True),
        sa.Column("kode_rs", sa.Text()),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("aktif", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )


def _pasien_covid() -> None:
    op.create_table(
        "pasien_covid",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("laporanCovid19Versi3Id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kewarganegaraanId", sa.Text()),
        sa.Column("nik", sa.LargeBinary()),
        sa.Column("noPassport", sa.LargeBinary()),
        sa.Column("asalPasienId", sa.BigInteger()),
        sa.Column("noRM_index", sa.LargeBinary()),
        sa.Column("noRM", sa.LargeBinary()),
        sa.Column("namaLengkapPasien", sa.LargeBinary()),
        sa.Column("namaInisialPasien", sa.LargeBinary()),
        sa.Column("tanggalLahir", sa.Date()),
        sa.Column("email", sa.LargeBinary()),
        sa.Column("noTelp", sa.LargeBinary()),
        sa.Column("jenisKelaminId", sa.Text()),
        sa.Column("domisiliKecamatanId", sa.BigInteger()),
        sa.Column("domisiliKabKotaId", sa.BigInteger()),
        sa.Column("domisiliProvinsiId", sa.BigInteger()),
        sa.Column("pekerjaanId", sa.BigInteger()),
        sa.Column("tanggalMasuk", sa.Date()),
        sa.Column("jenisPasienId", sa.BigInteger()),
        sa.Column("varianCovidId", sa.BigInteger()),
        sa.Column("statusPasienId", sa.BigInteger()),
        sa.Column("statusCoInsidenId", sa.BigInteger()),
        sa.Column("statusRawatId", sa.BigInteger()),
        sa.Column("alatOksigenId", sa.BigInteger()),
        sa.Column("penyintasId", sa.BigInteger()),
        sa.Column("tanggalOnsetGejala", sa.Date()),
        sa.Column("kelompokGejalaId", sa.BigInteger()),
        sa.Column("demamId", sa.BigInteger()),
        sa.Column("batukId", sa.BigInteger()),
        sa.Column("pilekId", sa.BigInteger()),
        sa.Column("sakitTenggorokanId", sa.BigInteger()),
        sa.Column("sesakNapasId", sa.BigInteger()),
        sa.Column("lemasId", sa.BigInteger()),
        sa.Column("nyeriOtotId", sa.BigInteger()),
        sa.Column("mualMuntahId", sa.BigInteger()),
        sa.Column("diareId", sa.BigInteger()),
        sa.Column("anosmiaId", sa.BigInteger()),
        sa.Column("napasCepatId", sa.BigInteger()),
        sa.Column("frekNapas30KaliPerMenitId", sa.BigInteger()),
        sa.Column("distresPernapasanBeratId", sa.BigInteger()),
        sa.Column("lainnyaId", sa.BigInteger()),
        sa.Column("kelompokUmurId", sa.BigInteger()),
        sa.Column("kelompokWargaId", sa.BigInteger()),
        sa.Column("severityLevelId", sa.BigInteger()),
        sa.Column("saturasiOksigen", sa.Text()),
        sa.Column("terapiOksigenId", sa.BigInteger()),
        sa.Column("dirawat", sa.LargeBinary()),
        sa.Column("tanggalKeluar", sa.Date()),
        sa.Column("statusKeluarId", sa.BigInteger()),
        sa.Column("penyebabKematianId", sa.BigInteger()),
        sa.Column("penyebabKematianLangsungId", sa.Text()),
        sa.Column("statusPasienSaatMeninggalId", sa.BigInteger()),
        sa.Column("komorbidCoInsidenId", sa.BigInteger()),
        sa.Column("recognised", sa.Text()),
        sa.Column("persons", sa.Text()),
        *_system(),
    )
    op.create_index("pasien_covid_noRM", "pasien_covid", ["kode_rs", "noRM_index"])
    _recognised("pasien_covid", unique=True)


def _parts() -> None:
    op.create_table(
        "pasien_diagnosa",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("laporanCovid19Versi3Id", sa.BigInteger()),
        sa.Column("diagnosaId", sa.Text()),
        sa.Column("diagnosaLevelId", sa.BigInteger()),
        sa.Column("recognised", sa.Text(), nullable=False),
        *_system(),
    )
    op.create_index("pasien_diagnosa_parent", "pasien_diagnosa", ["kode_rs", "laporanCovid19Versi3Id"])
    _recognised("pasien_diagnosa")
    op.create_table(
        "pasien_komorbid",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("laporanCovid19Versi3Id", sa.BigInteger()),
        sa.Column("komorbidId", sa.Text()),
        sa.Column("recognised", sa.Text(), nullable=False),
        *_system(),
    )
    op.create_index("pasien_komorbid_parent", "pasien_komorbid", ["kode_rs", "laporanCovid19Versi3Id"])
    _recognised("pasien_komorbid")
    op.create_table(
        "pasien_terapi",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("laporanCovid19Versi3Id", sa.BigInteger()),
        sa.Column("terapiId", sa.BigInteger()),
        sa.Column("jumlahTerapi", sa.Double()),
        sa.Column("recognised", sa.Text(), nullable=False),
        *_system(),
    )
    op.create_index("pasien_terapi_parent", "pasien_terapi", ["kode_rs", "laporanCovid19Versi3Id"])
    _recognised("pasien_terapi")
    op.create_table(
        "pasien_vaksinasi",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("laporanCovid19Versi3Id", sa.BigInteger()),
        sa.Column("dosisVaksinId", sa.BigInteger()),
        sa.Column("jenisVaksinId", sa.BigInteger()),
        sa.Column("recognised", sa.Text(), nullable=False),
        *_system(),
    )
    op.create_index("pasien_vaksinasi_parent", "pasien_vaksinasi", ["kode_rs", "laporanCovid19Versi3Id"])
    _recognised("pasien_vaksinasi")
    op.create_table(
        "pasien_pemeriksaanlab",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("laporanCovid19Versi3Id", sa.BigInteger()),
        sa.Column("jenisPemeriksaanLabId", sa.BigInteger()),
        sa.Column("hasilPemeriksaanLabId", sa.BigInteger()),
        sa.Column("tanggalHasilPemeriksaanLab", sa.Date()),
        sa.Column("recognised", sa.Text(), nullable=False),
        *_system(),
    )
    op.create_index("pasien_pemeriksaanlab_parent", "pasien_pemeriksaanlab", ["kode_rs", "laporanCovid19Versi3Id"])
    _recognised("pasien_pemeriksaanlab")


def _kematian() -> None:
    op.create_table(
        "kematian",
        sa.Column("kode_rs", sa.Text(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("nik", sa.LargeBinary()),
        sa.Column("nama", sa.LargeBinary()),
        sa.Column("jenis_kelamin", sa.Text()),
        sa.Column("tanggal_lahir", sa.Date()),
        sa.Column("ktp_alamat", sa.LargeBinary()),
        sa.Column("ktp_kelurahan_id", sa.BigInteger()),
        sa.Column("ktp_kecamatan_id", sa.BigInteger()),
        sa.Column("ktp_kab_kota_id", sa.BigInteger()),
        sa.Column("ktp_provinsi_id", sa.BigInteger()),
        sa.Column("domisili_alamat", sa.LargeBinary()),
        sa.Column("tanggal_masuk", sa.Date()),
        sa.Column("saturasi_oksigen", sa.Double()),
        sa.Column("tanggal_kematian", sa.Date()),
        sa.Column("lokasi_kematian_id", sa.BigInteger()),
        sa.Column("penyebab_kematian_langsung_id", sa.Text()),
        sa.Column("kasus_kematian_id", sa.Text()),
        sa.Column("status_komorbid", sa.Text()),
        sa.Column("komorbid_1_id", sa.Text()),
        sa.Column("komorbid_2_id", sa.Text()),
        sa.Column("komorbid_3_id", sa.Text()),
        sa.Column("komorbid_4_id", sa.Text()),
        sa.Column("status_kehamilan", sa.Text()),
        sa.Column("recognised", sa.Text()),
        sa.Column("persons", sa.Text()),
        *_system(),
    )
    _recognised("kematian")
