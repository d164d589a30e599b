// Asks as Node programs do: with a resolver of its own, which is c-ares, and with the system's.
import dns from "node:dns/promises";

const resolver = new dns.Resolver();
resolver.setServers(["127.0.0.1:1053"]);
const denied = await resolver.resolve4("alias-nowhere.default.nomad").catch((error) => error.code);
const any = await resolver.resolveAny("redis.default.nomad");
const srv = await resolver.resolveSrv("_crowd._tcp.default.nomad");
const txt = await resolver.resolveTxt("redis.default.nomad");
const looked = await dns.lookup("crowd.default.nomad", { all: true });
const crowd = await resolver.resolve4("crowd.default.nomad");
if (looked.length !== crowd.length) throw new Error(`lookup() gives ${looked.length}, resolve4() ${crowd.length}`);
console.log(JSON.stringify({
  "crowd": crowd,
  "crowd SRV": srv.map(({ port, name }) => `${port} ${name}`),
  "alias-chain": await resolver.resolve4("alias-chain.default.nomad"),
  "alias-nowhere": denied === "ENOTFOUND" ? "denied" : denied,
  "redis TXT": txt.map((strings) => strings.join("")),
  "redis ANY": any.filter(({ type }) => type === "A").map(({ address }) => address),
}));
