package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// change is one of the proof's "keys" (docs/PROOFS.md); `owner` has the same shape.
type change struct {
	Entry       []byte
	Seal        string
	Path        [][]byte
	Consistency [][]byte
	Owner       *change
}

type proof struct {
	Format, Type string
	Seq          string
	Entry        []byte
	OldSeal      string `json:"old_seal"`
	Path         [][]byte
	Seal         string
	Keys         []change
	Consistency  [][]byte
}

func toHashes(rows [][]byte) []tlog.Hash {
	return hashesOf(bytes.Join(rows, nil), "a path")
}

// A thread of seals, each grown out of the one before.
type thread struct {
	chain *chain
	tree  tlog.Tree
}

func (t *thread) follow(seal string, consistency [][]byte, what string) tlog.Tree {
	tree := t.chain.open([]byte(seal), what)
	if t.tree.N > 0 {
		path := tlog.TreeProof(toHashes(consistency))
		must(tlog.CheckTree(path, tree.N, tree.Hash, t.tree.N, t.tree.Hash), "%s: growth from %d", what, t.tree.N)
	}
	t.tree = tree
	return tree
}

// included proves an entry, in the place that it names itself.
func included(entry []byte, path [][]byte, tree tlog.Tree, what string) {
	must(tlog.CheckRecord(toHashes(path), tree.N, tree.Hash, seqOf(entry)-1, tlog.RecordHash(entry)), "%s", what)
}

func (t *thread) takeChange(k change) {
	what := fmt.Sprintf("the change of the key at entry %d", seqOf(k.Entry))
	if kindOf(k.Entry) != kindKey {
		fail("%s is none", what)
	}
	if k.Owner != nil {
		tree := t.follow(k.Owner.Seal, k.Owner.Consistency, what+", its owner")
		included(k.Owner.Entry, k.Owner.Path, tree, what+", its owner")
		t.chain.take(k.Entry) // by an owner: the new key signs its own seal
	}
	tree := t.follow(k.Seal, k.Consistency, what)
	included(k.Entry, k.Path, tree, what)
	if tree.N != seqOf(k.Entry) {
		fail("%s: its seal is of %d entries", what, tree.N)
	}
	if k.Owner == nil {
		t.chain.take(k.Entry)
	}
}

// fitting is the given key that opens the first seal of a proof, or the note.
func fitting(first []byte, vkeys []string) *chain {
	for _, vkey := range vkeys {
		if v, err := note.NewVerifier(vkey); err == nil {
			if _, err := note.Open(first, note.VerifierList(v)); err == nil {
				return newChain([]string{vkey}, nil)
			}
		}
	}
	fail("no given key opens it")
	return nil
}

func checkProof(data []byte, vkeys []string) {
	if bytes.HasPrefix(data, []byte("c2sp.org/tlog-proof@v1\n")) {
		checkText(string(data), vkeys)
		return
	}
	var p proof
	must(json.Unmarshal(data, &p), "the proof")
	first := p.Seal
	if len(p.Keys) > 0 {
		first = p.Keys[0].Seal
		if p.Keys[0].Owner != nil {
			first = p.Keys[0].Owner.Seal
		}
	}
	t := &thread{chain: fitting([]byte(first), vkeys)}
	for _, k := range p.Keys {
		t.takeChange(k)
	}
	tree := t.follow(p.Seal, p.Consistency, "the seal")
	switch p.Type {
	case "inclusion":
		if p.Seq != strconv.FormatInt(seqOf(p.Entry), 10) {
			fail("the proof is of entry %s, and says %d", p.Seq, seqOf(p.Entry))
		}
		included(p.Entry, p.Path, tree, "entry "+p.Seq)
		fmt.Printf("good: entry %s of %d, %d epochs, proven\n", p.Seq, tree.N, len(t.chain.epochs))
	case "consistency":
		old := t.chain.open([]byte(p.OldSeal), "the old seal")
		must(tlog.CheckTree(toHashes(p.Path), tree.N, tree.Hash, old.N, old.Hash), "growth from %d", old.N)
		fmt.Printf("good: %d entries have grown to %d, %d epochs\n", old.N, tree.N, len(t.chain.epochs))
	default:
		fail("a proof of type %q", p.Type)
	}
}

// checkText checks C2SP's tlog-proof, whose "extra" is the entry.
func checkText(text string, vkeys []string) {
	end := strings.Index(text, "\n\n")
	if end < 0 {
		fail("this is no tlog-proof")
	}
	var entry []byte
	var path [][]byte
	index := int64(-1)
	for _, line := range strings.Split(text[:end], "\n")[1:] {
		var err error
		switch {
		case strings.HasPrefix(line, "extra "):
			entry, err = base64.StdEncoding.DecodeString(line[6:])
		case strings.HasPrefix(line, "index "):
			index, err = strconv.ParseInt(line[6:], 10, 64)
		default:
			var hash []byte
			hash, err = base64.StdEncoding.DecodeString(line)
			path = append(path, hash)
		}
		must(err, "line %q", line)
	}
	seal := []byte(text[end+2:])
	tree := fitting(seal, vkeys).open(seal, "the seal")
	if entry == nil || index != seqOf(entry)-1 {
		fail("the proof is of leaf %d, and its entry another one", index)
	}
	included(entry, path, tree, fmt.Sprintf("entry %d", index+1))
	fmt.Printf("good: entry %d of %d, proven as text\n", index+1, tree.N)
}

func checkNote(data []byte, vkeys []string) {
	tree := fitting(data, vkeys).open(data, "the seal")
	fmt.Printf("good: a seal of %d entries\n", tree.N)
}
