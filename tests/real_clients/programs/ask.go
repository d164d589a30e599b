// Asks as Go programs do, with Go's own resolver and the gateway's address.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
)

func main() {
	resolver := &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:1053")
		},
	}
	ctx := context.Background()
	hosts := func(name string) []string {
		found, err := resolver.LookupHost(ctx, name)
		must(err)
		return found
	}
	_, records, err := resolver.LookupSRV(ctx, "crowd", "tcp", "default.nomad")
	must(err)
	srv := []string{}
	for _, each := range records {
		srv = append(srv, fmt.Sprint(each.Port, " ", each.Target))
	}
	txt, err := resolver.LookupTXT(ctx, "redis.default.nomad")
	must(err)
	_, err = resolver.LookupHost(ctx, "alias-nowhere.default.nomad")
	denied := fmt.Sprint(err)
	var failure *net.DNSError
	if errors.As(err, &failure) && failure.IsNotFound {
		denied = "denied"
	}
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"crowd":         hosts("crowd.default.nomad"),
		"crowd SRV":     srv,
		"alias-chain":   hosts("alias-chain.default.nomad"),
		"alias-nowhere": denied,
		"redis TXT":     txt,
	}))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
