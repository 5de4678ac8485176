"""Configurations and feeds that several tests trade with, and what must hold after any of them."""
import os
import re

import reckon
import support

WIDE = os.path.join(support.SOURCE, "examples", "naked-put-wide.yaml")
BASELINE = os.path.join(support.SOURCE, "examples", "naked-put.yaml")
GOOG_FEED = f"lean:{support.LEAN},underlying=GOOG,date=2015-12-24"
SPX_FEED = f"spx-eod:{support.SPX}"


def synthetic(**keys):
    keys = {"seed": 7, "underlying": "ACME", "date": "2026-01-05", **keys}
    return "synthetic:" + ",".join(f"{key}={value}" for key, value in keys.items())


def configuration(**sections):
    """YAML of strategy={...}, risk={...} ..."""
    def value(v):
        return "true" if v is True else "false" if v is False else "[" + ", ".join(v) + "]" if isinstance(v, list) else v

    return "".join(f"{name}:\n" + "".join(f"  {k}: {value(v)}\n" for k, v in rows.items())
                   for name, rows in sections.items())


# Sells anything near, holds it whatever comes, so that contracts live until they are settled.
def holding(underlying, **strategy):
    return configuration(
        strategy={"underlyings": [underlying], "otm_min": 0, "otm_max": 0.05, "premium_min": 0.05, "premium_max": 60,
                  "days_min": 1, "days_max": 30, "contracts": 1, "positions_max": 60, "underlying_positions_max": 60,
                  "trend_required": False, "take_profit": 1, "stop_loss": 1000, "exit_days": 0, **strategy},
        risk={"position_loss": 100000000, "sector_share": 1, "margin_use": 1, "daily_loss": 1, "open_positions": 60,
              "new_positions_day": 1000},
        account={"deposit": 30000000})


def run(j, *feeds, config=WIDE, **options):
    """`ledger run --json` over the feeds; returns its report and what it said on stderr."""
    args = [arg for feed in feeds for arg in ("--feed", feed)]
    done = j.run("run", *args, "--config", config, "--json", *options.pop("more", ()), **options)
    return done.json(), done.err


def check_books(case, j):
    """The accounts are those that a second reckoning of the fills gives, to the last decimal, and sum to zero."""
    replayed = j.json("replay")
    book = reckon.book_of(j.log("--kind", "fill"))
    cash, positions, accounts = reckon.state_of(replayed)
    case.assertEqual((cash, positions, accounts), book.state())
    case.assertEqual(sum(accounts.values()), 0)
    return replayed, book


def check_chains(case, j):
    """Every order comes from a decision that the governor allowed; every fill from an order; sizes add up."""
    entries = {e["seq"]: e for kind in ("decision", "risk", "order", "fill") for e in j.log("--kind", kind)}
    wanted, filled = {}, {}
    for e in entries.values():
        body = e["body"]
        if e["kind"] == "order.new":
            verdict = entries[e["cause"]]
            case.assertEqual(verdict["kind"], "risk.verdict")
            case.assertTrue(verdict["body"]["allowed"])
            # A limit that does not count for a closing order says so in its name.
            failed = [c["name"] for c in verdict["body"]["checks"] if not c["ok"]]
            case.assertEqual([n for n in failed if not n.endswith("exempt") and "exempt" not in n], [])
            decision = entries[verdict["cause"]]
            case.assertIn(decision["kind"], ("decision.enter", "decision.exit"))
            case.assertEqual(decision["body"]["order_id"], body["order_id"])
            case.assertNotIn(body["order_id"], wanted)
            wanted[body["order_id"]] = body
        if e["kind"] == "fill.execution":
            case.assertEqual(entries[e["cause"]]["body"]["order_id"], body["order_id"])
            order = wanted[body["order_id"]]
            case.assertEqual((order["symbol"], order["side"]), (body["symbol"], body["side"]))
            filled[body["order_id"]] = filled.get(body["order_id"], 0) + body["qty"]
            case.assertLessEqual(filled[body["order_id"]], order["qty"])
    return list(wanted.values())


def trades(j):
    """The fills without what differs from journal to journal: ids that count entries."""
    return [(e["kind"], e.get("at"), re.sub(r"-\d+", "", str({k: v for k, v in e["body"].items()
                                                              if k not in ("order_id", "fill_id")})))
            for e in j.log("--kind", "fill")]
