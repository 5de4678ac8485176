package main

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// A store holds a tree's hashes in tlog's own order, made from entries by tlog itself.
type store struct {
	size   int64
	hashes []tlog.Hash
}

func (s *store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s.hashes)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		found[i] = s.hashes[index]
	}
	return found, nil
}

func (s *store) add(entry []byte) {
	hashes, err := tlog.StoredHashes(s.size, entry, s)
	must(err, "entry %d", s.size+1)
	s.hashes = append(s.hashes, hashes...)
	s.size++
}

func (s *store) root(size int64) tlog.Hash {
	hash, err := tlog.TreeHash(size, s)
	must(err, "the root over %d entries", size)
	return hash
}

// checkTree compares a seal with the entries, and proves some of them, and its growth from `before`, as tlog does.
func (s *store) checkTree(tree tlog.Tree, before tlog.Tree, what string) {
	if tree.N > s.size {
		fail("%s covers %d entries, and there are %d", what, tree.N, s.size)
	}
	if s.root(tree.N) != tree.Hash {
		fail("%s: the root over its %d entries is another one", what, tree.N)
	}
	prove(s, tree, what)
	if before.N > 0 {
		grow(s, before, tree, what)
	}
}

// prove makes and checks inclusion proofs: of the first and last entry, and of some between.
func prove(r tlog.HashReader, tree tlog.Tree, what string) {
	for _, n := range []int64{0, tree.N / 3, tree.N / 2, tree.N - 1} {
		proof, err := tlog.ProveRecord(tree.N, n, r)
		must(err, "%s: proof of entry %d", what, n+1)
		leaf, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		must(err, "%s: leaf of entry %d", what, n+1)
		must(tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf[0]), "%s: entry %d", what, n+1)
	}
}

// grow makes and checks a consistency proof.
func grow(r tlog.HashReader, from, to tlog.Tree, what string) {
	proof, err := tlog.ProveTree(to.N, from.N, r)
	must(err, "%s: growth from %d", what, from.N)
	must(tlog.CheckTree(proof, to.N, to.Hash, from.N, from.Hash), "%s: growth from %d", what, from.N)
}
