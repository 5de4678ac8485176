package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A directory serves tiles to tlog.TileHashReader, which believes none that does not lead to the root it was given.
type directory string

func (d directory) Height() int { return height }

func (d directory) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := d.readTile(t)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// c2spPath is golang's path of a tile without its height, and with C2SP's word for the entries' level.
func c2spPath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", height))
	if rest := strings.TrimPrefix(path, "data/"); rest != path {
		path = "entries/" + rest
	}
	return "tile/" + path
}

// readFull takes the full form where the partial one is gone.
func (d directory) readFull(t tlog.Tile) ([]byte, bool, error) {
	data, err := os.ReadFile(filepath.Join(string(d), c2spPath(t)))
	if err == nil || !os.IsNotExist(err) || t.W == 1<<height {
		return data, false, err
	}
	t.W = 1 << height
	data, err = os.ReadFile(filepath.Join(string(d), c2spPath(t)))
	return data, true, err
}

func (d directory) readTile(t tlog.Tile) ([]byte, error) {
	data, isFull, err := d.readFull(t)
	if err == nil && isFull && len(data) == tlog.HashSize<<height {
		data = data[:t.W*tlog.HashSize]
	}
	if err == nil && len(data) != t.W*tlog.HashSize {
		err = fmt.Errorf("%s has %d bytes", c2spPath(t), len(data))
	}
	return data, err
}

func (d directory) bundle(t tlog.Tile) [][]byte {
	t.L = -1
	data, isFull, err := d.readFull(t)
	must(err, "%s", c2spPath(t))
	var entries [][]byte
	for at := 0; at < len(data); {
		if at+2 > len(data) || at+2+int(binary.BigEndian.Uint16(data[at:])) > len(data) {
			fail("%s is cut at byte %d", c2spPath(t), at)
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		entries = append(entries, data[at+2:at+2+size])
		at += 2 + size
	}
	if isFull && len(entries) >= t.W {
		entries = entries[:t.W]
	}
	if len(entries) != t.W {
		fail("%s has %d entries", c2spPath(t), len(entries))
	}
	return entries
}

func sealPath(size int64) string {
	return "seal" + strings.TrimPrefix(tlog.Tile{H: height, N: size, W: 1 << height}.Path(), fmt.Sprintf("tile/%d/0", height))
}

func (d directory) sizes() []int64 {
	var sizes []int64
	text := strings.TrimSuffix(string(readFile(filepath.Join(string(d), "seals"))), "\n")
	for _, line := range strings.Split(text, "\n") {
		size, err := strconv.ParseInt(line, 10, 64)
		must(err, "the list of seals")
		sizes = append(sizes, size)
	}
	return sizes
}

// tilesOf lists the tiles of a tree. Older versions of tlog.NewTiles name every width of a partial one.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for _, t := range tlog.NewTiles(height, 0, size) {
		last := len(tiles) - 1
		if last >= 0 && tiles[last].L == t.L && tiles[last].N == t.N {
			tiles = tiles[:last]
		}
		tiles = append(tiles, t)
	}
	return tiles
}

// entries reads every bundle that a tree of this size has, and nothing else.
func (d directory) entries(size int64) [][]byte {
	var entries [][]byte
	for _, t := range tilesOf(size) {
		if t.L == 0 {
			entries = append(entries, d.bundle(t)...)
		}
	}
	return entries
}

// checkDir checks all of it twice: the hashes made from the entries, and the tiles as they are served.
func checkDir(path string, vkeys []string) {
	d := directory(path)
	checkpoint := readFile(filepath.Join(path, "checkpoint"))
	size := sizeOf(checkpoint)
	entries := d.entries(size)
	c := newChain(vkeys, entries[0])
	s := &store{}
	for i, entry := range entries {
		s.add(entry)
		if len(entry) < headerSize || seqOf(entry) != int64(i+1) {
			fail("entry %d is not in its place", i+1)
		}
		c.take(entry)
	}
	tree := c.open(checkpoint, "checkpoint")
	s.checkTree(tree, tlog.Tree{}, "checkpoint")
	served := tlog.TileHashReader(tree, d)
	d.checkTiles(s, tree)
	prove(served, tree, "the tiles")
	before := tlog.Tree{}
	count := 0
	for _, listed := range d.sizes() {
		if listed > tree.N {
			break
		}
		seal := c.open(readFile(filepath.Join(path, sealPath(listed))), sealPath(listed))
		if seal.N != listed {
			fail("%s is of %d entries", sealPath(listed), seal.N)
		}
		s.checkTree(seal, before, sealPath(listed))
		grow(served, seal, tree, sealPath(listed))
		before = seal
		count++
	}
	if before != tree {
		fail("the list of seals lacks the checkpoint's")
	}
	c.tell()
	fmt.Printf("good: %d entries, %d seals, %d epochs, published in %s\n", tree.N, count, len(c.epochs), path)
}

// checkTiles reads every tile that golang says a tree of this size has.
func (d directory) checkTiles(s *store, tree tlog.Tree) {
	for _, t := range tilesOf(tree.N) {
		want, err := tlog.ReadTileData(t, s)
		must(err, "%s", c2spPath(t))
		data, err := d.readTile(t)
		must(err, "%s", c2spPath(t))
		if !bytes.Equal(data, want) {
			fail("%s is not what it stands for", c2spPath(t))
		}
	}
}
