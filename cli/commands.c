/* The table of commands: one row each, with the help that people read. */
#include "cli/cli.h"

const struct command commands[] = {
    {"init", cmd_init, "make a journal: genesis entry, keys, first seal",
     "usage: ledger -C DIR init --origin NAME\n\n"
     "Makes the journal DIR and prints its verifier key (C2SP vkey). NAME is the journal's name for ever and "
     "the\n"
     "first line of every seal; use something you own, without a scheme: desk.example/alpha.\n\n"
     "The secret keys are encrypted at rest with a passphrase: from --passphrase-file FILE, the file named "
     "by\n"
     "$LEDGER_PASSPHRASE_FILE, or a prompt.\n\n"
     "example:\n"
     "  ledger -C J --passphrase-file ~/.ledger-pass init --origin desk.example/alpha\n"},
    {"append", cmd_append, "append JSON Lines, in sealed groups",
     "usage: ledger -C DIR append [--group N] [--actor NAME] [--json] [FILE|-]\n\n"
     "Reads one entry a line. All that is waiting is one group (a whole file, or what a pipe holds now); "
     "--group N\n"
     "commits after every N lines. A group is all or nothing; when it is on disk and sealed, one line says\n"
     "FIRST..LAST ROOT, and \"of seal N\" when others who waited at the same time are sealed with it.\n"
     "A bad line is refused with its number, column, key and reason; nothing of its group is written,\n"
     "what was acknowledged stays. Kinds and their fields: docs/ENTRIES.md.\n\n"
     "  --group N     entries in a group\n"
     "  --actor NAME  who says so, for lines without \"actor\" (default operator)\n"
     "  --json        acknowledge as JSON\n\n"
     "examples:\n"
     "  echo '{\"kind\":\"control.note\",\"body\":{\"text\":\"calm morning\"}}' | ledger -C J append\n"
     "  ledger -C J append --group 1000 fills.jsonl\n"},
    {"log", cmd_log, "list entries, with filters",
     "usage: ledger -C DIR log [--kind K] [--symbol S] [--order ID] [--actor NAME] [--cause SEQ]\n"
     "                         [--from T] [--to T] [--since T] [--until T] [--reverse] [--limit N]\n"
     "                         [--no-index] [--json]\n\n"
     "  --kind K    a kind (fill.execution) or a family (perception, decision, risk, order, fill, control)\n"
     "  --symbol S  an OCC symbol, or a ticker with all its options\n"
     "  --cause SEQ entries that entry SEQ made happen\n"
     "  --from T    entries that happened at T or later; --to T: or earlier. T is 2015-12-24T14:31:00Z, or a "
     "date\n"
     "  --since T   entries that were recorded at T or later; --until T: or earlier\n"
     "  --reverse   the newest first; with --limit N, the newest N\n"
     "  --no-index  read every entry, as if there were no index.mdb\n\n"
     "examples:\n"
     "  ledger -C J log --kind fill --reverse --limit 10\n"
     "  ledger -C J log --symbol GOOG --from 2015-12-24T17:00:00Z --limit 20 --json\n"},
    {"show", cmd_show, "one entry: header, body, signature state, causes",
     "usage: ledger -C DIR show SEQ [--json]\n\n"
     "Prints the entry, whether a seal proves it (the inclusion path is computed and checked), and the chain "
     "of\n"
     "entries that caused it.\n\n"
     "example:\n"
     "  ledger -C J show 12 --json\n"},
    {"import", cmd_import, "read real market data into perceptions",
     "usage: ledger -C DIR import lean PATH --underlying U --date D [--resolution minute|hour|daily] "
     "[--history N]\n"
     "       ledger -C DIR import lean PATH --underlying U --resolution daily --from D --to D\n"
     "       ledger -C DIR import spx-eod PATH [--from D] [--to D] [--open-interest N] [--size-assumed N]\n\n"
     "  --options V        yes or no: no leaves the option chains out\n"
     "  --missing V        refuse or skip: skip reads what there is\n"
     "  --open-interest N  1 reads it from SPX files as well; --size-assumed N: displayed contracts assumed "
     "there\n"
     "  --clock V          yes or no: clock entries for daily ranges\n\n"
     "Records every row as a perception, or as a data-quality finding in its place, with the SHA-256 of each "
     "file;\n"
     "the same file is refused a second time. What was left out or is missing is said on stderr.\n"
     "To decide on the data as well, use ledger run: it reads the same files moment by moment. To decide on "
     "what\n"
     "one journal has imported, run another one with --feed journal:DIR.\n\n"
     "examples:\n"
     "  ledger -C J import lean data/lean --underlying GOOG --date 2015-12-24\n"
     "  ledger -C J import spx-eod data/spx_eod_2019 --from 2019-05-01 --to 2019-05-31\n"},
    {"run", cmd_run, "the loop: perceive, decide, check, order, fill",
     "usage: ledger -C DIR run --feed SPEC [--feed SPEC...] [--broker paper] [--config FILE] [--until T] "
     "[--json]\n\n"
     "Reads the feeds moment by moment into the journal, runs the strategy and the governor at every tick of "
     "the\n"
     "clock, and has the broker fill. Cut off (or ended by --until), the same command goes on where it "
     "was.\n\n"
     "feeds (several are merged by time):\n"
     "  lean:PATH,underlying=GOOG,date=2015-12-24[,resolution=minute|hour|daily][,history=120]\n"
     "  lean:PATH,underlying=SPY,resolution=daily,from=2019-01-02,to=2019-07-08[,clock=no]\n"
     "  spx-eod:PATH[,from=D][,to=D]\n"
     "  synthetic:seed=7,underlying=ACME,date=2026-01-05[,days=1][,scenario=rise|fall|crash|flat]\n"
     "  journal:DIR    the perceptions of another journal\n\n"
     "  --config FILE  YAML; entered into the journal, signed, before it takes effect. ledger config list "
     "shows all\n"
     "  --actor NAME   whose signature the configuration carries (default operator)\n\n"
     "example:\n"
     "  ledger -C J run --feed synthetic:seed=7,underlying=ACME,date=2026-01-05 --config "
     "examples/naked-put.yaml\n"},
    {"replay", cmd_replay, "fold the journal to state; decide again and compare",
     "usage: ledger -C DIR replay [--to SEQ|TIME] [--from-start] [--json | --digest]\n"
     "       ledger -C DIR replay --redecide [--since SEQ] [--to SEQ] [--json]\n"
     "       ledger -C DIR replay --check-snapshots [--json]\n\n"
     "Folds entries into accounts, positions and the market's view, and prints them. The digest is the same "
     "on\n"
     "every machine. --redecide runs the deciders again over the recorded inputs and compares every derived "
     "entry\n"
     "byte for byte; exit 1 names the first that differs, with both versions.\n\n"
     "A replay begins with the newest stored snapshot (ledger snapshot) that is not past --to; the state is "
     "the same.\n\n"
     "  --from-start       folds from entry 1, whatever is stored\n"
     "  --since SEQ        decides again from the newest snapshot before SEQ on; without it from entry 1 on\n"
     "  --check-snapshots  folds from entry 1 and holds every snapshot against it; exit 1 names the first "
     "that\n"
     "                     differs\n\n"
     "examples:\n"
     "  ledger -C J replay --to 2015-12-24T17:00:00Z\n"
     "  ledger -C J replay --redecide\n"},
    {"snapshot", cmd_snapshot, "store the state, so that a replay can begin there",
     "usage: ledger -C DIR snapshot [--json]\n\n"
     "Folds the journal and stores its state together with an entry, control.snapshot, that says the state's "
     "digest\n"
     "and is sealed. ledger run does so at its end and every journal.snapshot_every entries. Only the newest "
     "four are\n"
     "kept; their entries stay. Snapshots are never needed: they only make a replay short.\n\n"
     "example:\n"
     "  ledger -C J snapshot\n"},
    {"explain", cmd_explain, "why an order was made, or why none was",
     "usage: ledger -C DIR explain ORDER_ID|SEQ [--json]\n"
     "       ledger -C DIR explain --order ID [--json]     an order whose id is a number\n"
     "       ledger -C DIR explain --no-trade SYMBOL [--at T] [--json]\n\n"
     "The chain from perception to fill with the numbers used, each with its entry. --no-trade: every gate "
     "and\n"
     "criterion of the newest look at SYMBOL (a ticker or an OCC symbol) at or before T, value against "
     "threshold;\n"
     "without --at the newest look there is.\n\n"
     "examples:\n"
     "  ledger -C J explain np-275001\n"
     "  ledger -C J explain 4711\n"
     "  ledger -C J explain --no-trade GOOG --at 2015-12-24T15:00:00Z\n"},
    {"screen", cmd_screen, "which contracts meet the strategy's criteria, and why the others do not",
     "usage: ledger -C DIR screen SYMBOL [--at T] [--config FILE] [--all] [--json]\n\n"
     "Folds the journal up to T and holds every contract of SYMBOL's chain against the criteria in force (or "
     "those of\n"
     "FILE, which is not entered). Changes nothing.\n\n"
     "  --all   also the contracts that fail, each with the first criterion it fails\n\n"
     "example:\n"
     "  ledger -C J screen GOOG --at 2015-12-24T15:00:00Z --config examples/naked-put.yaml\n"},
    {"verify", cmd_verify, "check every leaf, tile, seal, signature and cause",
     "usage: ledger -C DIR verify [--key VKEY] [--seal FILE] [--threads N] [--json]\n"
     "       ledger verify --raw FILE [--key VKEY] [--threads N] [--json]\n\n"
     "Reads every stored byte and recomputes everything. Two verdicts: integrity (nothing was changed) and\n"
     "completeness (everything is sealed, no gap). Exit 1 names the first wrong entry, tile or seal; exit 3: "
     "it\n"
     "could not be checked. Without --key the key is taken from the journal itself: that shows accidents, "
     "not forgery.\n"
     "--seal FILE: a seal that was kept elsewhere (ledger seal > FILE); shows a tail that was cut and "
     "another history.\n"
     "--raw checks a file made by ledger export --raw instead of a journal.\n"
     "--threads N, 1 .. 64 (default: one a core): what is found does not depend on it, only how soon.\n\n"
     "examples:\n"
     "  ledger -C J verify --key \"$(cat journal.vkey)\"\n"
     "  ledger -C J verify --threads 1\n"},
    {"seal", cmd_seal, "the newest checkpoint, as a signed note",
     "usage: ledger -C DIR seal [--size N]\n\n"
     "Prints the newest C2SP checkpoint byte for byte (or the oldest that covers N entries): what "
     "transparency-log\n"
     "tools accept. Keep one outside this machine. Later, in a journal that verify calls good, --size N (the "
     "second line\n"
     "of the one you kept) must print its first three lines again: else the journal was cut or rewritten, or "
     "that seal\n"
     "was taken out.\n\n"
     "example:\n"
     "  ledger -C J seal > checkpoint.txt\n"},
    {"nightly", cmd_nightly, "write the compliance pack of a day",
     "usage: ledger -C DIR nightly [--date D] --out OUT\n\n"
     "Writes compliance.xlsx, every table as CSV, the seal, and manifest.json (hashes, covered range, "
     "signature)\n"
     "into the folder OUT. Running it again gives the same bytes. docs/PACK.md describes the pack.\n\n"
     "  --date D   the trading day; without it the newest session\n"
     "  --out OUT  the folder to make; a pack of the same day and journal there is replaced, anything else "
     "refused\n\n"
     "example:\n"
     "  ledger -C J nightly --date 2015-12-24 --out pack-2015-12-24\n"},
    {"report", cmd_report, "print one table; check a pack",
     "usage: ledger report list [--json]\n"
     "       ledger -C DIR report NAME [--date D] [--csv|--json]\n"
     "       ledger [-C DIR] report verify PACK [--key VKEY] [--json]\n\n"
     "report verify checks a nightly pack against its manifest and signature, and against the journal when "
     "there\n"
     "is one; exit 1 names the first wrong file.\n\n"
     "  --date D    without it the newest session\n"
     "  --csv       the same bytes as NAME.csv in the pack\n"
     "  --key VKEY  checks the pack without a journal, and says what was then not checked\n\n"
     "examples:\n"
     "  ledger -C J report blotter --date 2015-12-24\n"
     "  ledger report verify pack-2015-12-24 --key \"$(cat journal.vkey)\"\n"},
    {"stop", cmd_stop, "emergency stop: no new order, cancel what is open",
     "usage: ledger -C DIR stop --reason TEXT [--actor NAME] [--json]\n\n"
     "Signed by the actor (default operator). From the next entry on every new order is refused; open orders "
     "are\n"
     "cancelled. Only a signed resume ends it, whatever restarts in between.\n\n"
     "example:\n"
     "  ledger -C J stop --reason 'quotes look wrong'\n"},
    {"resume", cmd_resume, "end a stop and reset tripped breakers",
     "usage: ledger -C DIR resume --reason TEXT [--actor NAME] [--json]\n\n"
     "example:\n"
     "  ledger -C J resume --reason 'feed repaired, checked with the vendor'\n"},
    {"config", cmd_config, "show, check or enter the configuration",
     "usage: ledger -C DIR config [show]      what is in force\n"
     "       ledger config list [--markdown]  every setting, its default and meaning\n"
     "       ledger config check FILE         reads a YAML file and prints all settings; errors with line "
     "and column\n"
     "       ledger -C DIR config set FILE    enters it, signed (--actor NAME, default operator)\n\n"
     "example:\n"
     "  ledger config check examples/naked-put.yaml\n"},
    {"actor", cmd_actor, "who may write",
     "usage: ledger -C DIR actor list [--json]\n"
     "       ledger -C DIR actor add NAME --role ROLE\n\n"
     "Roles: owner, operator, compliance, auditor, strategy, risk, broker, feed, agent, witness. Each actor "
     "gets an\n"
     "Ed25519 key; its public half is in the journal.\n\n"
     "example:\n"
     "  ledger -C J actor add feed:bloomberg --role feed\n"},
    {"export", cmd_export, "all stored bytes in one file, for other verifiers",
     "usage: ledger -C DIR export --raw FILE\n\n"
     "Writes entries, tiles and seals as they are stored, without judging them (docs/FORMAT.md describes the "
     "file).\n\n"
     "example:\n"
     "  ledger -C J export --raw journal.raw && node tests/independent/verify.mjs journal.raw\n"},
    {"backup", cmd_backup, "a verified copy, made while others write",
     "usage: ledger -C DIR backup OUT [--json]\n\n"
     "Copies journal and vault into the new directory OUT, as of one committed state; writers go on "
     "meanwhile. "
     "The copy\n"
     "is verified, and is there whole under that name or not at all. It takes what the journal's file has in "
     "use; no\n"
     "passphrase is needed, and the copy opens with that of the original.\n"
     "To restore, use OUT as the journal. Never append to both: the two would be different histories under "
     "one name\n"
     "(verify --seal, with a seal kept from one of them, shows it).\n\n"
     "example:\n"
     "  ledger -C J backup J-2015-12-24\n"},
    {"doctor", cmd_doctor, "what is wrong, how far the journal is good, what to do",
     "usage: ledger -C DIR doctor [--key VKEY] [--json]\n"
     "       ledger -C DIR doctor --salvage FILE [--key VKEY] [--json]\n"
     "       ledger -C DIR doctor --reindex [--json]\n\n"
     "Looks at directory, disk, vault, locks, every page of the file, every entry and seal, clock and state, "
     "and says of\n"
     "each what is wrong, where, and what to type. Changes nothing. Works on files that no other command "
     "opens. "
     "Exit 0:\n"
     "healthy; 1: something is wrong; 3: something could not be looked at.\n\n"
     "  --salvage FILE  writes the entries up to the largest seal that confirms them into a raw export, "
     "which\n"
     "                  ledger verify --raw calls good; from a damaged file, even one without meta pages\n"
     "  --reindex       makes index.mdb, with which log and explain find entries, anew from the entries\n"
     "  --key VKEY      the verifier key that init printed; else the journal's own is taken on trust\n\n"
     "examples:\n"
     "  ledger -C J doctor\n"
     "  ledger -C J doctor --salvage saved.raw && ledger verify --raw saved.raw\n"},
    {"version", cmd_version, "program, compiler, build id",
     "usage: ledger version [--json]\n\nexample:\n  ledger version --json\n"},
    {"help", cmd_help, "this overview, or the help of one command",
     "usage: ledger help [COMMAND]\n\nexample:\n  ledger help append\n"},
};

const size_t command_count = sizeof commands / sizeof commands[0];
