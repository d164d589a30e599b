// Connects as a program with MongoDB's driver does, and prints the members that it found.
import { createRequire } from "node:module";

const [modules, uri] = process.argv.slice(2);
const { MongoClient } = createRequire(`${modules}/`)("mongodb");
const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 });
const found = new Set();
client.on("topologyDescriptionChanged", ({ newDescription }) => {
  for (const host of newDescription.servers.keys()) found.add(host);
});
await client.connect();
await client.db("admin").command({ ping: 1 });
await client.close();
console.log(JSON.stringify([...found]));
