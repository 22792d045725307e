"""Currencies as senders write them: their ISO 4217 codes, signs, and how many decimals each has.

Belongs here: what is true of a currency anywhere. Does not: rates.
"""

import polars as pl

CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
    VND VUV WST XAF XCD XCG XOF XPF XTR YER ZAR ZMW ZWG
    """.split()
)
POINTS = frozenset({"XTR"})
"""Codes that stand for points, not for money: Telegram's stars."""

# Everywhere else an amount has two. XTR, Telegram's stars, is no ISO code and has none.
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF XTR".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    "CLF": 4,
}
# Signs that one currency uses; $, ¥, kr and others are shared, and say nothing alone.
_SIGNS = {
    "€": "EUR", "£": "GBP", "₽": "RUB", "₴": "UAH", "₸": "KZT", "₺": "TRY", "₹": "INR", "₩": "KRW", "₪": "ILS",
    "₫": "VND", "₱": "PHP", "₦": "NGN", "₾": "GEL", "zł": "PLN", "руб.": "RUB", "руб": "RUB", "US$": "USD",
    "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "R$": "BRL", "HK$": "HKD", "NZ$": "NZD", "MX$": "MXN",
}  # fmt: skip
_MARK = r"[A-Z]{1,2}\$|\p{Sc}|[A-Z]{3}|zł|kr\.?|руб\.?"
_MARKED = rf"^\s*([(+−-]?)\s*({_MARK})?\s*([+−-]?[\d.,'’\s]*\d[.,]?)\s*({_MARK})?\s*([)-]?)\s*$"


def codes(values: pl.Series) -> pl.Series:
    """Currency codes in capital letters, a sign that one currency uses as its code; anything else untouched."""
    given = values.cast(pl.String, strict=False)
    # A column has few currencies, and nearly always they are codes.
    others = [name for name in given.unique().drop_nulls() if name not in CODES]
    ours = {name: code(name) for name in others}
    return given.replace(ours) if ours else given


def code(name: str) -> str:
    """The currency code that `name` stands for, as `codes` has it."""
    return name if name in CODES else _SIGNS.get(name.strip(), name.strip()).upper()


def are_marked(amounts: pl.Series) -> bool:
    """Whether a column of amounts holds currencies beside the numbers, such as `€19.90`."""
    if amounts.dtype != pl.String:
        return False
    marks = amounts.str.extract_groups(_MARKED).struct.unnest()
    return bool(marks.select((pl.col("2").is_not_null() | pl.col("4").is_not_null()).any()).item())


def unmarked(amounts: pl.Series, currencies: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Amounts without the currencies that stand beside them, and `currencies` (codes) filled from those.

    An amount stays as it was, and so is no number, where its mark is no currency, contradicts the row's, or is one
    that several currencies share in a row that names none.
    """
    frame = (
        amounts.str.extract_groups(_MARKED)
        .struct.unnest()
        .with_columns(amounts.alias("amount"), currencies.alias("currency"))
    )
    mark = pl.coalesce("2", "4")
    is_shared = mark.str.contains(r"^(?:\p{Sc}|kr\.?)$") & ~mark.is_in(list(_SIGNS))
    code = mark.replace(_SIGNS)
    is_code = code.is_in(sorted(CODES))
    is_one = pl.col("2").is_null() | pl.col("4").is_null()
    agrees = (is_code & (pl.col("currency").is_null() | (pl.col("currency") == code))) | (
        is_shared & pl.col("currency").is_not_null()
    )
    bare = pl.concat_str(pl.col("1"), pl.col("3"), pl.col("5"))
    result = frame.select(
        pl.when(mark.is_not_null() & is_one & agrees).then(bare).otherwise("amount").alias("amount"),
        pl.when(is_code & is_one & agrees).then(code).otherwise("currency").alias("currency"),
    )
    return result.get_column("amount"), result.get_column("currency")


def unit_factor(currencies: pl.Series) -> pl.Series:
    """How many of its smallest unit a currency is (100, 1, 1000); null where there is no currency."""
    factors = currencies.replace_strict(
        {code: 10.0 ** _DECIMALS.get(code, 2) for code in CODES}, default=None, return_dtype=pl.Float64
    )
    return factors.alias("factor")
