#pragma once

#include <string>

#include "tecnochat/config/options.hpp"

namespace tecnochat::config {

/// One identity for Kafka, gRPC and PostgreSQL: PEM files.
struct TlsFiles {
    std::string ca;
    std::string certificate;
    std::string key;
};

struct KafkaSettings {
    std::string brokers;
    TlsFiles tls;
    /// Names this process among its replicas: group.instance.id = <service>-<instance>.
    std::string instance = "0";
    /// "tls", or "plaintext": only for brokers on loopback (a mock broker in tests and benches).
    std::string security = "tls";
};

/// The groups of settings that services share; each declares what it needs:
///     config::declare(options, kafka);
void declare(Options& options, TlsFiles& tls);  // tls-ca, tls-cert, tls-key (required)
void declare(
    Options& options, KafkaSettings& kafka
);  // kafka-brokers (required), kafka-security, instance; the tls is declared apart
void declare_postgres(Options& options, Secret& url);  // TECNOCHAT_POSTGRES_URL (secret, required)
void declare_rpc(Options& options, std::string& listen, std::string& allow_list);
void declare_redis(Options& options, Secret& url);  // TECNOCHAT_REDIS_URL (secret, required)

}  // namespace tecnochat::config
