#include "tecnochat/config/settings.hpp"

namespace tecnochat::config {

void declare(Options& options, TlsFiles& tls) {
    options.text("tls-ca", tls.ca, "PEM file of the CA that signs every peer", Presence::kRequired)
        .text(
            "tls-cert",
            tls.certificate,
            "PEM file of this service's certificate",
            Presence::kRequired
        )
        .text("tls-key", tls.key, "PEM file of its private key", Presence::kRequired);
}

void declare(Options& options, KafkaSettings& kafka) {
    options
        .text(
            "kafka-brokers",
            kafka.brokers,
            "brokers to start from: host:port,…",
            Presence::kRequired
        )
        .text(
            "kafka-security",
            kafka.security,
            "tls, or plaintext, which only brokers on loopback may speak"
        )
        .text(
            "instance",
            kafka.instance,
            "names this process among its replicas; no two live ones may share it"
        );
}

void declare_postgres(Options& options, Secret& url) {
    options.secret(
        "postgres-url", url, "this service's own database: postgresql://…", Presence::kRequired
    );
}

void declare_rpc(Options& options, std::string& listen, std::string& allow_list) {
    options.text("rpc-listen", listen, "host:port of the gRPC server");
    options.text("rpc-allow-list", allow_list, "file of the caller -> method list");
}

void declare_redis(Options& options, Secret& url) {
    options.secret("redis-url", url, "redis://… on loopback", Presence::kRequired);
}

}  // namespace tecnochat::config
