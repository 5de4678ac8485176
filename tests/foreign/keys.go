package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Kinds of entries that say which key signs (docs/FORMAT.md, section 2).
const (
	kindGenesis = 0x0701
	kindKey     = 0x070b
)

const (
	headerSize    = 48
	flagSigned    = 2
	signatureSize = 64
)

func kindOf(entry []byte) int  { return int(binary.BigEndian.Uint16(entry[2:])) }
func seqOf(entry []byte) int64 { return int64(binary.BigEndian.Uint64(entry[8:])) }

// An epoch's key signs seals of `begins` entries and more, up to the next epoch's.
type epoch struct {
	begins int64
	vkey   string
}

// The keys of a journal, as its entries hand them on.
type chain struct {
	origin string
	epochs []epoch
}

// newChain begins with the genesis key: the given one that genesis names, or its own word for "-". `genesis` may be nil.
func newChain(vkeys []string, genesis []byte) *chain {
	own := ""
	if genesis != nil {
		own = genesisKey(genesis)
	}
	for _, vkey := range vkeys {
		if vkey == "-" && own != "" {
			vkey = own
		}
		if own == "" || vkey == own {
			v, err := note.NewVerifier(vkey)
			must(err, "verifier key %s", vkey)
			return &chain{v.Name(), []epoch{{1, vkey}}}
		}
	}
	fail("genesis names the key %s, and that is none of the given ones", own)
	return nil
}

func genesisKey(entry []byte) string {
	if len(entry) < headerSize+2 || kindOf(entry) != kindGenesis {
		fail("entry 1 is no genesis")
	}
	body := entry[headerSize:]
	size := int(binary.BigEndian.Uint16(body))
	if len(body) < 2+size+32 {
		fail("genesis is cut")
	}
	vkey, err := note.NewEd25519VerifierKey(string(body[2:2+size]), body[2+size:2+size+32])
	must(err, "the key in genesis")
	return vkey
}

// take looks whether an entry hands on to a next key.
func (c *chain) take(entry []byte) {
	if kindOf(entry) != kindKey {
		return
	}
	body := entry[headerSize:]
	if int64(binary.BigEndian.Uint64(body)) != int64(len(c.epochs)) {
		fail("entry %d names a key out of order", seqOf(entry))
	}
	vkey, err := note.NewEd25519VerifierKey(c.origin, body[8:40])
	must(err, "the key in entry %d", seqOf(entry))
	begins := seqOf(entry) + 1
	if entry[1]&flagSigned != 0 { // by an owner, since the key before is lost
		begins--
	}
	c.epochs = append(c.epochs, epoch{begins, vkey})
}

// tell names the keys that were followed.
func (c *chain) tell() {
	for _, e := range c.epochs {
		fmt.Println("key", e.vkey)
	}
}

func (c *chain) at(size int64) note.Verifier {
	i := len(c.epochs) - 1
	for i > 0 && c.epochs[i].begins > size {
		i--
	}
	v, err := note.NewVerifier(c.epochs[i].vkey)
	must(err, "epoch %d", i)
	return v
}

// parseTree reads a checkpoint's text. tlog.ParseTree knows the origin of Go's own log only.
func parseTree(text string) (string, tlog.Tree) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		fail("a seal's text has not exactly three lines: %q", text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "the size of a seal")
	if size < 1 || strconv.FormatInt(size, 10) != lines[1] {
		fail("the size of a seal is %q", lines[1])
	}
	hash, err := tlog.ParseHash(lines[2])
	must(err, "the root of a seal")
	return lines[0], tlog.Tree{N: size, Hash: hash}
}

// sizeOf tells the size that a note claims, before anybody's signature is looked at.
func sizeOf(msg []byte) int64 {
	end := bytes.Index(msg, []byte("\n\n"))
	if end < 0 {
		fail("this is no signed note")
	}
	_, tree := parseTree(string(msg[:end+1]))
	return tree.N
}

// openWith opens a seal with one key: golang's signed notes, the origin, and the three lines.
func openWith(msg []byte, v note.Verifier, what string) tlog.Tree {
	n, err := note.Open(msg, note.VerifierList(v))
	must(err, "%s", what)
	origin, tree := parseTree(n.Text)
	if origin != v.Name() {
		fail("%s is of %s, not of %s", what, origin, v.Name())
	}
	return tree
}

func (c *chain) open(msg []byte, what string) tlog.Tree {
	return openWith(msg, c.at(sizeOf(msg)), what)
}
