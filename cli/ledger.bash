# bash completion for ledger

_ledger() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command="" i
    local commands="init append log show import run replay snapshot explain screen verify seal prove check-proof nightly report stop resume config actor key export publish fetch-from bundle backup guard recover doctor witness version help"
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -C | --passphrase-file) ((i++)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    case $previous in
    -C | --out | --state | --evidence) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --passphrase-file | --new-passphrase-file | --statement | --signature | --config | --policy | --guard | --raw | --ca | --against | --salvage | --token | --tsa-ca | --entry | --entry-out) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --resolution) mapfile -t COMPREPLY < <(compgen -W "minute hour daily" -- "$current"); return ;;
    --format) mapfile -t COMPREPLY < <(compgen -W "json tlog-proof" -- "$current"); return ;;
    --broker) mapfile -t COMPREPLY < <(compgen -W "paper" -- "$current"); return ;;
    --kind) mapfile -t COMPREPLY < <(compgen -W "perception decision risk order fill control" -- "$current"); return ;;
    --role) mapfile -t COMPREPLY < <(compgen -W "owner operator compliance auditor strategy risk broker feed agent witness" -- "$current"); return ;;
    --feed) mapfile -t COMPREPLY < <(compgen -W "lean: spx-eod: synthetic: journal:" -- "$current"); return ;;
    esac
    local options=""
    case $command in
    "") options="-C --passphrase-file $commands" ;;
    init) options="--origin --guard" ;;
    append) options="--group --actor --json" ;;
    log) options="--kind --symbol --order --actor --cause --from --to --since --until --reverse --limit --no-index --json" ;;
    show | snapshot | backup | version) options="--json" ;;
    guard) options="show set off --as --json" ;;
    recover) options="--as --second --reason --guard --json" ;;
    doctor) options="--key --salvage --reindex --json" ;;
    import) options="lean spx-eod --underlying --date --resolution --history --from --to --options --missing --clock --open-interest --size-assumed --json" ;;
    run) options="--feed --broker --config --until --actor --json" ;;
    replay) options="--to --since --from-start --json --digest --redecide --check-snapshots" ;;
    explain) options="--order --no-trade --at --json" ;;
    screen) options="--at --config --all --json" ;;
    verify) options="--complete-until --tsa-ca --require-timestamp --key --against --threads --raw --json --policy --require-witness --evidence" ;;
    seal) options="--size --timestamp --tsa-ca --timeout --bare --token --number --witness --witness-key --policy --quorum --ca --evidence" ;;
    prove) options="--size --format --entry-out --consistency" ;;
    check-proof) options="--key --entry --against --json" ;;
    nightly) options="--date --out" ;;
    report) options="list verify --date --csv --json --key" ;;
    stop | resume) options="--reason --actor --json" ;;
    config) options="show list check set --actor --markdown" ;;
    actor) options="list add --role --key --json" ;;
    key) options="list rotate passphrase recover --reason --if-older-than --new-passphrase-file --owner --statement --signature --json" ;;
    export) options="--raw" ;;
    bundle) options="--order --entry --kind --symbol --actor --cause --from --to --since --until --json" ;;
    publish) options="--all --json" ;;
    witness) options="init serve list --state --name --listen --log --policy --json" ;;
    fetch-from) options="--key --ca --connections --json" ;;
    help) options=$commands ;;
    esac
    if [[ $command == @(backup|publish) && $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
    fi
    if [[ $command == append || $command == show || $command == check-proof || ($command == config && $previous == @(check|set)) ]] && [[ $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$current")
}
complete -o default -F _ledger ledger
