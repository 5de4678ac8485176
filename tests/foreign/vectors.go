package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// bytesHex is bytes as docs/vectors writes them.
type bytesHex []byte

func (b *bytesHex) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	decoded, err := hex.DecodeString(text)
	*b = decoded
	return err
}

// number is a number as docs/vectors writes it.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseInt(strings.Trim(string(data), `"`), 10, 64)
	*n = number(value)
	return err
}

type vectors struct {
	Origin, Vkey string
	Entries      []struct {
		Seq         number
		Bytes, Leaf bytesHex
	}
	Statements []struct {
		Seq                       number
		Statement, Key, Signature bytesHex
	}
	Roots []struct {
		Size number
		Root bytesHex
	}
	Seals []struct {
		Size number
		Note string
	}
	Inclusion []struct {
		Seq, Size number
		Path      []bytesHex
	}
	Consistency []struct {
		Old, New number
		Path     []bytesHex
	}
}

func samePath(path []bytesHex, want []tlog.Hash, what string) {
	if len(path) != len(want) {
		fail("%s has %d hashes, and tlog makes %d", what, len(path), len(want))
	}
	for i := range path {
		if !bytes.Equal(path[i], want[i][:]) {
			fail("%s: hash %d is another one", what, i)
		}
	}
}

func (v *vectors) store() *store {
	s := &store{}
	for _, e := range v.Entries {
		s.add(e.Bytes)
		leaf := tlog.RecordHash(e.Bytes)
		if seqOf(e.Bytes) != s.size || int64(e.Seq) != s.size || !bytes.Equal(leaf[:], e.Leaf) {
			fail("entry %d", e.Seq)
		}
	}
	return s
}

func (v *vectors) root(s *store, size number) tlog.Hash {
	root := tlog.Hash(sha256.Sum256(nil)) // older versions of tlog give zeros for no entries
	if size > 0 {
		root = s.root(int64(size))
	}
	if int64(v.Roots[size].Size) != int64(size) || !bytes.Equal(v.Roots[size].Root, root[:]) {
		fail("the root of size %d", size)
	}
	return root
}

// checkStatements: what an actor signed is the entry with its place and its signature taken out.
func (v *vectors) checkStatements() {
	for _, st := range v.Statements {
		entry := v.Entries[st.Seq-1].Bytes
		said := append([]byte(nil), entry[:len(entry)-signatureSize]...)
		copy(said[8:24], make([]byte, 16))
		want := append([]byte("ledger statement v1\n"+v.Origin+"\n"), said...)
		if !bytes.Equal(want, st.Statement) || !bytes.Equal(entry[len(entry)-signatureSize:], st.Signature) {
			fail("the statement of entry %d", st.Seq)
		}
		if !ed25519.Verify(ed25519.PublicKey(st.Key), st.Statement, st.Signature) {
			fail("the signature of entry %d", st.Seq)
		}
	}
}

func checkVectors(path string) {
	var v vectors
	must(json.Unmarshal(readFile(filepath.Join(path, "journal.json")), &v), "journal.json")
	s := v.store()
	for n := number(0); int64(n) <= s.size; n++ {
		v.root(s, n)
	}
	c := newChain([]string{v.Vkey}, v.Entries[0].Bytes)
	for _, seal := range v.Seals {
		tree := c.open([]byte(seal.Note), "a seal")
		if tree.N != int64(seal.Size) || tree.Hash != v.root(s, seal.Size) {
			fail("the seal of size %d", seal.Size)
		}
	}
	for _, row := range v.Inclusion {
		want, err := tlog.ProveRecord(int64(row.Size), int64(row.Seq)-1, s)
		must(err, "inclusion of %d in %d", row.Seq, row.Size)
		samePath(row.Path, want, fmt.Sprintf("inclusion of %d in %d", row.Seq, row.Size))
		must(tlog.CheckRecord(want, int64(row.Size), v.root(s, row.Size), int64(row.Seq)-1, tlog.RecordHash(v.Entries[row.Seq-1].Bytes)),
			"inclusion of %d in %d", row.Seq, row.Size)
	}
	for _, row := range v.Consistency {
		want, err := tlog.ProveTree(int64(row.New), int64(row.Old), s)
		must(err, "growth from %d to %d", row.Old, row.New)
		samePath(row.Path, want, fmt.Sprintf("growth from %d to %d", row.Old, row.New))
		must(tlog.CheckTree(want, int64(row.New), v.root(s, row.New), int64(row.Old), v.root(s, row.Old)), "growth from %d to %d", row.Old, row.New)
	}
	v.checkStatements()
	if len(v.Entries) != 13 || len(v.Inclusion) != 91 || len(v.Consistency) != 91 || len(v.Statements) != 2 || len(v.Roots) != 14 {
		fail("journal.json does not hold all that it did")
	}
	checkDir(filepath.Join(path, "published"), []string{strings.TrimSpace(string(readFile(filepath.Join(path, "published.vkey"))))})
	fmt.Printf("good: %d entries, %d seals, %d proofs, %d statements\n", s.size, len(v.Seals), len(v.Inclusion)+len(v.Consistency), len(v.Statements))
}
