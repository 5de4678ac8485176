"""A second opinion, written another way: balances from fills by FIFO, contracts from raw files, all in Python's
decimals and fractions. Nothing here is taken from the program."""
import csv
import datetime
import gzip
import io
import os
import zipfile
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

getcontext().prec = 60
NEW_YORK = ZoneInfo("America/New_York")
UTC = datetime.timezone.utc
INDEX_ROOTS = {"SPX": "SPX", "SPXW": "SPX"}
# Days in the range of the SPX files on which the exchange was closed, from its calendar of 2019.
HOLIDAYS_2019 = {datetime.date(2019, 5, 27), datetime.date(2019, 7, 4)}
EARLY_2019 = {datetime.date(2019, 7, 3)}  # closes at 13:00


class Contract:
    """An OCC symbol: root in 6, date in 6, right, strike in thousandths in 8."""

    def __init__(self, symbol):
        self.root = symbol[:6].rstrip()
        self.expiry = datetime.date(2000 + int(symbol[6:8]), int(symbol[8:10]), int(symbol[10:12]))
        self.is_put = symbol[12] == "P"
        self.strike = Decimal(symbol[13:]) / 1000
        self.underlying = INDEX_ROOTS.get(self.root, self.root)
        self.is_index = self.root in INDEX_ROOTS

    def intrinsic(self, price):
        depth = self.strike - price if self.is_put else price - self.strike
        return max(depth, Decimal(0))


def is_option(symbol):
    return len(symbol) == 21


def occ(root, expiry, right, strike):
    return f"{root:<6}{expiry:%y%m%d}{right}{int(Decimal(strike) * 1000):08d}"


class Book:
    """Cash and lots, first in first out. Positions are in shares or contracts, negative when short."""

    def __init__(self):
        self.cash = self.fees = self.realized = self.deposits = Decimal(0)
        self.lots = {}  # symbol: [[qty, price], ...], all of one sign
        self.realized_of, self.fees_of = {}, {}

    def trade(self, symbol, qty, price, fee=Decimal(0)):
        """Bought is positive."""
        times = 100 if is_option(symbol) else 1
        lots = self.lots.setdefault(symbol, [])
        self.realized_of.setdefault(symbol, Decimal(0))
        self.fees_of[symbol] = self.fees_of.get(symbol, Decimal(0)) + fee
        self.cash -= qty * price * times + fee
        self.fees += fee
        while qty and lots and (lots[0][0] > 0) != (qty > 0):
            closed = min(abs(qty), abs(lots[0][0])) * (1 if lots[0][0] > 0 else -1)
            gain = closed * (price - lots[0][1]) * times
            self.realized_of[symbol] += gain
            self.realized += gain
            lots[0][0] -= closed
            qty += closed
            if not lots[0][0]:
                lots.pop(0)
        if qty:
            lots.append([qty, price])

    def qty(self, symbol):
        return sum(lot[0] for lot in self.lots.get(symbol, []))

    def take(self, entry):
        body = {k: Decimal(v) if k in ("price", "fee", "underlying_price", "amount") else v
                for k, v in entry["body"].items()}
        kind = entry["kind"]
        if kind == "fill.deposit":
            self.cash += body["amount"]
            self.deposits += body["amount"]
        elif kind == "fill.execution":
            self.trade(body["symbol"], body["qty"] if body["side"] == "buy" else -body["qty"], body["price"], body["fee"])
        else:
            c = Contract(body["symbol"])
            is_short = self.qty(body["symbol"]) < 0
            qty = body["qty"] if is_short else -body["qty"]
            if kind == "fill.expiration":
                self.trade(body["symbol"], qty, Decimal(0))
            elif kind == "fill.settlement":
                self.trade(body["symbol"], qty, c.intrinsic(body["underlying_price"]), body["fee"])
            else:
                assert kind == ("fill.assignment" if is_short else "fill.exercise"), kind
                self.trade(body["symbol"], qty, Decimal(0), body["fee"])
                shares = 100 * body["qty"] * (1 if c.is_put == is_short else -1)
                self.trade(c.underlying, shares, c.strike)

    def state(self):
        """In the form of `replay --json`, every number a Decimal."""
        positions = {}
        accounts = {"assets:cash": self.cash, "expenses:fees": self.fees, "income:realized": -self.realized,
                    "equity:deposits": -self.deposits}
        for symbol, lots in self.lots.items():
            qty = self.qty(symbol)
            cost = sum((lot[0] * lot[1] for lot in lots), Decimal(0))
            average = abs(cost / qty).quantize(Decimal("1e-9"), ROUND_HALF_EVEN) if qty else Decimal(0)
            positions[symbol] = (qty, average, self.realized_of[symbol], self.fees_of[symbol])
            if cost:
                accounts[f"positions:{symbol}"] = cost * (100 if is_option(symbol) else 1)
        return self.cash, positions, accounts


def state_of(replayed):
    """A `replay --json` in the form of Book.state()."""
    positions = {p["symbol"]: (p["qty"], Decimal(p["average_price"]), Decimal(p["realized_pnl"]), Decimal(p["fees"]))
                 for p in replayed["positions"]}
    accounts = {a["account"]: Decimal(a["balance"]) for a in replayed["accounts"]}
    return Decimal(replayed["cash"]), positions, accounts


def book_of(entries):
    book = Book()
    for entry in entries:
        book.take(entry)
    return book


def commission(before, qty, each="0.65", least="1", fee="0.03"):
    """What the paper broker takes for `qty` more contracts of an order that has traded `before`."""
    def whole(n):
        return max(Decimal(each) * n, Decimal(least)) + Decimal(fee) * n if n else Decimal(0)
    return whole(before + qty) - whole(before)


# -- raw files ---------------------------------------------------------------------------------------------

def utc(day, milliseconds):
    """Milliseconds since New York's midnight as the journal writes instants."""
    local = datetime.datetime.combine(day, datetime.time(), NEW_YORK) + datetime.timedelta(milliseconds=milliseconds)
    at = local.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at.microsecond:06d}".rstrip("0") if at.microsecond else "") + "Z"


def lean_quotes(folder, ticker, day):
    """Every row of a day's option quotes: (symbol, at, bid, ask, bid size, ask size); None where nobody quotes."""
    path = os.path.join(folder, "option", "usa", "minute", ticker.lower(), f"{day:%Y%m%d}_quote_american.zip")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            _, sym, _, _, _, right, strike, expiry = name[:-4].split("_")
            expiry = datetime.datetime.strptime(expiry, "%Y%m%d").date()
            symbol = occ(sym.upper(), expiry, right[0].upper(), Decimal(strike) / 10000)
            for row in csv.reader(io.TextIOWrapper(archive.open(name), "ascii")):
                if not row:
                    continue
                bid = Decimal(row[4]) / 10000 if row[4] and int(row[4]) else None
                ask = Decimal(row[9]) / 10000 if row[9] and int(row[9]) else None
                yield (symbol, utc(day, int(row[0]) + 60000), bid, ask, int(row[5] or 0) if bid is not None else 0,
                       int(row[10] or 0) if ask is not None else 0)


class SpxDay:
    """One end-of-day file."""

    def __init__(self, path):
        with gzip.open(path, "rt", encoding="ascii") as f:
            head = dict(part.split("=") for part in f.readline().strip().lstrip("#").split(","))
            self.day = datetime.date.fromisoformat(f"{head['quote_date'][:4]}-{head['quote_date'][4:6]}-{head['quote_date'][6:]}")
            self.price = Decimal(head["underlying_last"])
            columns = f.readline().strip().lstrip("#").split(",")
            self.rows = list(csv.DictReader(f, columns))

    @property
    def is_session(self):
        return self.day.weekday() < 5 and self.day not in HOLIDAYS_2019

    @property
    def at(self):
        """The moment the journal gives the file: a minute before the close."""
        return utc(self.day, ((13 if self.day in EARLY_2019 else 16) * 60 - 1) * 60000)

    def select(self, otm=("0.15", "0.20"), premium=("0.30", "0.50"), days=(7, 14)):
        """Puts that meet the criteria: {symbol: (days, distance out of the money as a fraction, bid)}."""
        low, high = (Fraction(Decimal(x)) for x in otm)
        found = {}
        for row in self.rows:
            expiry = datetime.datetime.strptime(row["expiry"], "%Y%m%d").date()
            left = (expiry - self.day).days
            bid = Decimal(row["bid"])
            away = Fraction(self.price - Decimal(row["strike"])) / Fraction(self.price)
            if (row["right"] == "P" and days[0] <= left <= days[1] and low <= away <= high
                    and Decimal(premium[0]) <= bid <= Decimal(premium[1])):
                found[occ(row["root"], expiry, "P", row["strike"])] = (left, away, bid)
        return found


def spx_days(folder):
    return [SpxDay(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".csv.gz")]


def rounded(fraction, places):
    """A fraction as a decimal, half to even."""
    return Decimal(round(fraction * 10**places)).scaleb(-places)


def naked_put_margin(price, strike, premium, rate="0.2", floor="0.1"):
    """Cboe's rule for one contract, in dollars, exact."""
    out = max(Fraction(price) - Fraction(strike), Fraction(0))
    return 100 * (Fraction(premium) + max(Fraction(Decimal(rate)) * Fraction(price) - out,
                                          Fraction(Decimal(floor)) * Fraction(strike)))
