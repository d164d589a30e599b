"""gRPC resolves a target by its `dns` scheme and spreads its calls over all addresses."""

from concurrent import futures

import grpc

from world import WEB, documented, expect

PORT = 50051


class Address(grpc.GenericRpcHandler):
    """Says at which address it serves."""

    def __init__(self, address):
        self.address = address

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.address.encode())


def spread(target):
    """The addresses that answered calls to a target."""
    options = [("grpc.lb_policy_name", "round_robin")]
    found = set()
    with grpc.insecure_channel(target, options=options) as channel:
        call = channel.unary_unary("/nomadns.Address/Tell")
        for _ in range(20):
            found.add(call(b"", timeout=10, wait_for_ready=True).decode())
    expect(found == WEB, target, "leads to", sorted(found), "not", sorted(WEB))
    return found


def check(world):
    servers = []
    for address in WEB:
        server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Address(address)])
        server.add_insecure_port(f"{address}:{PORT}")
        server.start()
        servers.append(server)
    try:
        for target in documented("gRPC")[0].split():
            spread(target)
    finally:
        for server in servers:
            server.stop(0)
    return f"{len(WEB)} servers reached"


CLIENTS = {"gRPC": check}
