# bash completion for ledger

_ledger() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command="" i
    local commands="init append log show import run replay snapshot state step diff bisect incident explain screen verify seal prove check-proof nightly report stop resume override reconcile config actor propose proposals approve sign key export publish fetch-from bundle backup guard recover doctor witness version help"
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
    -C | --out | --with | --state | --evidence | --keys | --second-keys) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --passphrase-file | --new-passphrase-file | --keys-passphrase-file | --pin-file | --second-keys-passphrase-file | --second-pin-file | --statement | --signature | --config | --policy | --guard | --raw | --ca | --against | --salvage | --token | --tsa-ca | --entry | --entry-out) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
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
    init) options="--origin --owner --person --guard" ;;
    append) options="--group --actor --json" ;;
    log) options="--kind --symbol --order --actor --cause --from --to --since --until --reverse --limit --no-index --json" ;;
    show | snapshot | backup | version) options="--json" ;;
    guard) options="show set off --actor --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    recover) options="--actor --second --reason --guard --json --keys --keys-passphrase-file --pkcs11 --pin-file --second-keys --second-keys-passphrase-file --second-pkcs11 --second-pin-file" ;;
    doctor) options="--key --salvage --reindex --json" ;;
    import) options="lean spx-eod --underlying --date --resolution --history --from --to --options --missing --clock --open-interest --size-assumed --json" ;;
    run) options="--feed --broker --config --until --actor --json" ;;
    replay) options="--to --since --from-start --json --digest --redecide --check-snapshots --with --without-actor --drop --insert --from --out --sweep --csv" ;;
    state) options="summary accounts positions orders chain limits strategy settings --at --json" ;;
    diff) options="--with --exit-code --json" ;;
    bisect) options="--when --good --bad --json" ;;
    step) options="--at --ascii" ;;
    explain) options="--order --no-trade --at --json" ;;
    screen) options="--at --config --all --json" ;;
    verify) options="--complete-until --tsa-ca --require-timestamp --key --against --threads --raw --json --policy --require-witness --evidence" ;;
    seal) options="--size --timestamp --tsa-ca --timeout --bare --token --number --witness --witness-key --policy --quorum --ca --evidence" ;;
    prove) options="--size --format --entry-out --consistency" ;;
    check-proof) options="--key --entry --against --json" ;;
    nightly) options="--date --out" ;;
    report) options="list verify --date --csv --json --key" ;;
    stop | resume) options="--reason --actor --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    override) options="--reason --for --actor --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    reconcile) options="broker --session --broker --actor --list --clear --ours --theirs --reason --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    config) options="show list check set --actor --markdown --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    actor) options="list add --role --key --actor --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    propose) options="config resume override hold disposal --for --actor --reason --scope --first --last --valid --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    proposals) options="--json" ;;
    approve) options="--sha256 --actor --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    sign) options="--actor --statement --out --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    key) options="list rotate passphrase recover new show revoke renew --reason --if-older-than --new-passphrase-file --owner --statement --signature --actor --key --json --keys --keys-passphrase-file --pkcs11 --pin-file" ;;
    incident) options="--from --to --symbol --with --out --force" ;;
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
    if [[ $command == append || $command == reconcile || $command == sign || $command == show || $command == check-proof || ($command == config && $previous == @(check|set)) ]] && [[ $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$current")
}
complete -o default -F _ledger ledger
