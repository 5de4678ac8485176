// foreign_check checks what the program hands out with code that is not its own: Go's sumdb/note opens every seal, and
// sumdb/tlog, which Go's checksum database runs on, proves entries and trees. Only the files' layout is read here.
//
//	foreign_check dir DIR VKEY...        a published directory, whole
//	foreign_check raw FILE VKEY...       a raw export, whole
//	foreign_check bundle FILE VKEY...    a bundle of evidence
//	foreign_check proof FILE VKEY...     a proof, in either form
//	foreign_check note FILE VKEY...      a seal
//	foreign_check vectors DIR            docs/vectors
//
// Of several keys the one that fits is taken; "-" takes the key from the entries. It prints what it has checked; exit 1: it is wrong.
package main

import (
	"fmt"
	"os"
)

// fail ends the check: something is wrong, and where.
func fail(format string, args ...interface{}) {
	fmt.Printf("wrong: "+format+"\n", args...)
	os.Exit(1)
}

func must(err error, format string, args ...interface{}) {
	if err != nil {
		fail("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

func readFile(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	return data
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: foreign_check dir|raw|bundle|proof|note|vectors FILE VKEY...")
		os.Exit(2)
	}
	path, vkeys := os.Args[2], os.Args[3:]
	switch os.Args[1] {
	case "dir":
		checkDir(path, vkeys)
	case "raw":
		checkRaw(readFile(path), vkeys)
	case "bundle":
		checkBundle(readFile(path), vkeys)
	case "proof":
		checkProof(readFile(path), vkeys)
	case "note":
		checkNote(readFile(path), vkeys)
	case "vectors":
		checkVectors(path)
	default:
		fmt.Fprintln(os.Stderr, "no such check:", os.Args[1])
		os.Exit(2)
	}
}
