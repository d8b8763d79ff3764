#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "acl.hpp"
#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "topics_file.hpp"

struct rd_kafka_s;

namespace tecnochat::provision {

/// Where the broker is and who asks: PEM files, mutual TLS.
struct KafkaIdentity {
    std::string brokers;
    config::TlsFiles tls;
};

/// Settings of a topic, Kafka's names to values.
using TopicConfig = std::map<std::string, std::string>;

/// librdkafka's Admin API in one connection. Blocking; each call ends by the deadline given at
/// `connect`. Not thread-safe. Errors carry the broker's own words.
class KafkaAdmin {
 public:
    static Result<KafkaAdmin> connect(const KafkaIdentity& identity, Deadline deadline);

    /// Topics and how many partitions each has, Kafka's internal ones included.
    Result<std::map<std::string, int>> partitions();
    /// The settings that were made for each topic itself, not those it inherits.
    Result<std::map<std::string, TopicConfig>> topic_configs(const std::vector<std::string>& names);
    Result<std::set<Acl>> acls();

    /// Returns once the broker has created them.
    Status create_topics(const std::vector<Topic>& topics);
    /// Replaces all settings made for each topic itself by those of the file.
    Status replace_configs(const std::vector<Topic>& topics);
    Status create_acls(const std::vector<Acl>& acls);
    Status delete_acls(const std::vector<Acl>& acls);

 private:
    struct ClientDeleter {
        void operator()(rd_kafka_s* client) const noexcept;
    };
    using Client = std::unique_ptr<rd_kafka_s, ClientDeleter>;

    KafkaAdmin(Client client, Deadline deadline)
        : client_(std::move(client)), deadline_(deadline) {}

    Client client_;
    Deadline deadline_;
};

}  // namespace tecnochat::provision
