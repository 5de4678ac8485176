"""The recorded scenarios: how each came about. A recording is made once (./record) and kept; what is asked of it later is
whether it still says the same. So a change here changes nothing until a scenario is recorded anew, on purpose."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import desk  # noqa: E402


def trade(j):
    """Two days with a crash in the second: entries, exits by profit and by loss, a breaker; a snapshot between them."""
    feed = desk.synthetic(seed=7, days=2, minutes=65, scenario="crash")
    desk.run(j, feed, more=["--until", "2026-01-05T22:00:00Z"])
    j.run("snapshot")
    desk.run(j, feed)


def assign(j):
    """Puts are held over a crash and their expiry, since a person has stopped trading: they are assigned into stock."""
    config = j.case.write("holding.yaml", desk.holding("ACME", days_max=9, otm_max=0.3))
    feed = desk.synthetic(seed=11, days=6, minutes=195, scenario="crash")
    desk.run(j, feed, config=config, more=["--until", "2026-01-06T14:00:00Z"])
    j.run("stop", "--reason", "hold what is sold")
    desk.run(j, feed, config=config, more=["--until", "2026-01-09T22:00:00Z"])
    j.run("resume", "--reason", "it is over")
    desk.run(j, feed, config=config)


def stop(j):
    """A person stops trading while orders rest, and later resumes it."""
    config = j.case.write("large.yaml", desk.configuration(
        strategy={"underlyings": ["ACME"], "otm_min": 0.03, "otm_max": 0.2, "premium_min": 0.25, "premium_max": 3,
                  "days_min": 4, "days_max": 30, "contracts": 5000, "trend_required": False},
        risk={"sector_share": 1, "position_loss": 10000000, "max_contracts": 5000, "margin_use": 1},
        account={"deposit": 900000000}))
    feed = desk.synthetic(seed=3, days=1, minutes=30)
    desk.run(j, feed, config=config, more=["--until", "2026-01-05T16:00:00Z"])
    j.run("stop", "--reason", "quotes look wrong")
    desk.run(j, feed, config=config, more=["--until", "2026-01-05T18:00:00Z"])
    j.run("resume", "--reason", "they were right")
    desk.run(j, feed, config=config)


ALL = {"trade": trade, "assign": assign, "stop": stop}
