// Prints the addresses that Go's own resolver finds with the system's settings, one a line; ends with 2 where there are none.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
)

func main() {
	found, err := net.LookupHost(os.Args[1])
	var failure *net.DNSError
	if errors.As(err, &failure) && failure.IsNotFound {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, address := range found {
		fmt.Println(address)
	}
}
