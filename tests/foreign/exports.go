package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// -- the raw export (docs/FORMAT.md, section 7) --

type record struct {
	kind       byte
	key, value []byte
}

func readRecords(data []byte) []record {
	var records []record
	if !bytes.HasPrefix(data, []byte("LEDGERRAW 1\n")) && !bytes.HasPrefix(data, []byte("LEDGERRAW 2\n")) {
		fail("this is no raw export")
	}
	for at := 12; at < len(data); {
		if len(data)-at < 7 {
			fail("the export is cut at byte %d", at)
		}
		keySize := int(binary.BigEndian.Uint16(data[at+1:]))
		valueSize := int(binary.BigEndian.Uint32(data[at+3:]))
		if len(data)-at-7 < keySize+valueSize {
			fail("the export is cut at byte %d", at)
		}
		key := data[at+7 : at+7+keySize]
		records = append(records, record{data[at], key, data[at+7+keySize : at+7+keySize+valueSize]})
		at += 7 + keySize + valueSize
	}
	if len(records) == 0 || records[len(records)-1].kind != 'E' {
		fail("the export has no end")
	}
	return records
}

// block gives the entries of one block: count, sizes, checks, bytes.
func block(value []byte) [][]byte {
	count := int(binary.BigEndian.Uint16(value))
	at := 2 + 6*count
	if len(value) < at {
		fail("a block is cut")
	}
	var entries [][]byte
	for i := 0; i < count; i++ {
		size := int(binary.BigEndian.Uint16(value[2+2*i:]))
		if len(value)-at < size || size < headerSize {
			fail("a block is cut")
		}
		entries = append(entries, value[at:at+size])
		at += size
	}
	return entries
}

func checkRaw(data []byte, vkeys []string) {
	var c *chain
	s := &store{}
	before := tlog.Tree{}
	seals, tiles := 0, 0
	records := readRecords(data)
	for _, r := range records {
		if r.kind != 'B' {
			continue
		}
		for _, entry := range block(r.value) {
			if c == nil {
				c = newChain(vkeys, entry)
			}
			s.add(entry)
			if seqOf(entry) != s.size {
				fail("entry %d says that it is entry %d", s.size, seqOf(entry))
			}
			c.take(entry)
		}
		if int64(binary.BigEndian.Uint64(r.key)) != s.size {
			fail("a block ends with entry %d, and its key says otherwise", s.size)
		}
	}
	for _, r := range records {
		switch r.kind {
		case 'T':
			checkStoredTile(s, r)
			tiles++
		case 'S':
			what := fmt.Sprintf("seal %d", binary.BigEndian.Uint64(r.key))
			tree := c.open(r.value, what)
			if tree.N != int64(binary.BigEndian.Uint64(r.key)) {
				fail("%s is of %d entries", what, tree.N)
			}
			s.checkTree(tree, before, what)
			before = tree
			seals++
		}
	}
	if before.N != s.size || seals == 0 {
		fail("the newest seal covers %d of %d entries", before.N, s.size)
	}
	c.tell()
	fmt.Printf("good: %d entries, %d seals, %d tiles, %d epochs, exported\n", s.size, seals, tiles, len(c.epochs))
}

func checkStoredTile(s *store, r record) {
	t := tlog.Tile{H: height, L: int(r.key[0]), N: int64(binary.BigEndian.Uint64(r.key[1:])), W: len(r.value) / tlog.HashSize}
	want, err := tlog.ReadTileData(t, s)
	must(err, "%s", c2spPath(t))
	if !bytes.Equal(want, r.value) {
		fail("%s is not what it stands for", c2spPath(t))
	}
}

// -- the bundle (docs/BUNDLE.md) --

func unzip(data []byte) map[string][]byte {
	files := map[string][]byte{}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(err, "the zip file")
	for _, f := range archive.File {
		r, err := f.Open()
		must(err, "%s", f.Name)
		body, err := io.ReadAll(r)
		must(err, "%s", f.Name)
		files[f.Name] = body
	}
	return files
}

func hashesOf(data []byte, what string) []tlog.Hash {
	if len(data)%tlog.HashSize != 0 {
		fail("%s is cut", what)
	}
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes
}

func readEntries(data []byte) [][]byte {
	var entries [][]byte
	for at := 0; at < len(data); {
		if len(data)-at < 2 || len(data)-at-2 < int(binary.BigEndian.Uint16(data[at:])) {
			fail("the entries are cut at byte %d", at)
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		if size < headerSize {
			fail("an entry of %d bytes", size)
		}
		entries = append(entries, data[at+2:at+2+size])
		at += 2 + size
	}
	return entries
}

// walk goes through the tree of the page's section "The proof".
func walk(from, to int64, entries *[][]byte, proof *[]tlog.Hash) tlog.Hash {
	if len(*entries) == 0 || seqOf((*entries)[0])-1 >= to {
		if len(*proof) == 0 {
			fail("the proof has too few hashes")
		}
		next := (*proof)[0]
		*proof = (*proof)[1:]
		return next
	}
	if to-from == 1 {
		leaf := tlog.RecordHash((*entries)[0])
		*entries = (*entries)[1:]
		return leaf
	}
	k := int64(1)
	for 2*k < to-from {
		k *= 2
	}
	left := walk(from, from+k, entries, proof)
	return tlog.NodeHash(left, walk(from+k, to, entries, proof))
}

func noteSizes(files map[string][]byte) []int64 {
	var sizes []int64
	for name := range files {
		if strings.HasPrefix(name, "seals/") && strings.HasSuffix(name, ".note") {
			size, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(name, "seals/"), ".note"), 10, 64)
			must(err, "%s", name)
			sizes = append(sizes, size)
		}
	}
	if len(sizes) == 0 {
		fail("there is no seal")
	}
	sort.Slice(sizes, func(i, j int) bool { return sizes[i] < sizes[j] })
	return sizes
}

func checkBundle(data []byte, vkeys []string) {
	files := unzip(data)
	entries := readEntries(files["entries"])
	if len(entries) == 0 {
		fail("there are no entries")
	}
	c := newChain(vkeys, entries[0])
	for _, entry := range entries {
		c.take(entry)
	}
	sizes := noteSizes(files)
	newest := sizes[len(sizes)-1]
	tree := c.open(files[fmt.Sprintf("seals/%d.note", newest)], "the newest seal")
	rest, proof := entries, hashesOf(files["proof"], "the proof")
	if root := walk(0, tree.N, &rest, &proof); root != tree.Hash || len(rest) != 0 || len(proof) != 0 {
		fail("entries and proof do not lead to the root that is sealed")
	}
	for _, size := range sizes {
		name := fmt.Sprintf("seals/%d", size)
		seal := c.open(files[name+".note"], name)
		if seal.N != size {
			fail("%s is of %d entries", name, seal.N)
		}
		path := tlog.TreeProof(hashesOf(files[name+".consistency"], name))
		must(tlog.CheckTree(path, tree.N, tree.Hash, seal.N, seal.Hash), "%s.consistency", name)
	}
	c.tell()
	fmt.Printf("good: %d entries of %d, %d seals, %d epochs, bundled\n", len(entries), tree.N, len(sizes), len(c.epochs))
}
