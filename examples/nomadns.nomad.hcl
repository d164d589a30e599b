# nomadns as a Nomad job: one instance on each client node, which reads Nomad through the task API (Nomad 1.5 or later).
# Install the binary on each node first. With ACLs, attach the policy of docs/access.md to the job:
#
#   nomad acl policy apply -namespace default -job nomadns nomadns nomadns.hcl
#
# Only programs that let you choose the port can use 1053. For containers and /etc/resolv.conf, use port 53:
# see docs/operations.md.
job "nomadns" {
  type = "system"

  group "dns" {
    network {
      mode = "host"
      port "dns" { static = 1053 }
      port "admin" { static = 9153 }
    }

    task "nomadns" {
      driver         = "raw_exec"
      shutdown_delay = "2s"
      kill_signal    = "SIGTERM" # /readyz turns to 503 before nomadns stops answering
      kill_timeout   = "15s"
      config {
        command = "/usr/local/bin/nomadns"
        args = [
          "serve",
          "--nomad-address", "unix://${NOMAD_SECRETS_DIR}/api.sock",
          "--token-file", "${NOMAD_SECRETS_DIR}/nomad_token",
          "--dns", "${NOMAD_ADDR_dns}",
          "--admin", "${NOMAD_ADDR_admin}",
        ]
      }
      identity {
        file = true
      }
      service {
        name     = "nomadns"
        provider = "nomad"
        port     = "admin"
        check {
          type     = "http"
          path     = "/readyz"
          interval = "10s"
          timeout  = "2s"
        }
      }
    }
  }
}
