#include "app.hpp"

#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr const char* kService = "whatsapp-connector";
/// No send waits for a status, and they are two thirds of all webhooks: few large transactions.
constexpr Milliseconds kStatusesGather{50};

StepFailpoints produce_failpoints{"whatsapp-connector.outbox.produce"};
StepFailpoints delete_failpoints{"whatsapp-connector.outbox.delete"};
StepFailpoints dead_letter{"whatsapp-connector.dead-letter.produce"};
StepFailpoints outbound_offset{"whatsapp-connector.outbound.offset"};
StepFailpoints status_offset{"whatsapp-connector.status.offset"};

postgres::Pool::Config pool_config(const Config& config) {
    postgres::Pool::Config pool;
    pool.url = config.postgres_url;
    pool.size = 10;
    return pool;
}

outbox::Outbox::Config outbox_config() {
    outbox::Outbox::Config config;
    config.produce = &produce_failpoints;
    config.erase = &delete_failpoints;
    return config;
}

kafka::ProducerConfig producer_config(const Config& config) {
    kafka::ProducerConfig producer;
    producer.kafka = config.kafka;
    producer.kafka.tls = config.tls;
    producer.client_id = kService;
    return producer;
}

kafka::ConsumerConfig consumer_config(
    const Config& config, std::string_view topic, StepFailpoints& offset
) {
    kafka::ConsumerConfig consumer;
    consumer.kafka = config.kafka;
    consumer.kafka.tls = config.tls;
    consumer.service = kService;
    consumer.topic = topic;
    if (topic == kafka::topics::kWhatsappStatus) consumer.gather = kStatusesGather;
    consumer.offset = &offset;
    return consumer;
}

}  // namespace

App::App(const Config& config, telemetry::Metrics& metrics)
    : opaque_(config.ingest_key.reveal()),
      pool_(pool_config(config)),
      redis_(config.redis_url),
      producer_(producer_config(config), metrics),
      dead_letters_(
          producer_,
          std::string(kafka::topics::kDeadLettersWhatsappConnector),
          metrics,
          &dead_letter
      ),
      channels_(pool_),
      sends_(sealer_),
      outbox_(
          pool_, producer_, [this] { return channels_.tenants(); }, outbox_config(), metrics
      ),
      tokens_(config.graph_token_file),
      graph_(config.graph, tokens_),
      limiter_(redis_, clock_, metrics),
      receipts_(graph_, clock_, metrics),
      recorder_(pool_, sends_, outbox_, clock_, metrics),
      dispatcher_(
          {std::string(kService) + "-" + config.kafka.instance,
           static_cast<int>(config.send_workers)},
          pool_,
          channels_,
          sends_,
          outbox_,
          limiter_,
          graph_,
          opaque_,
          recorder_,
          clock_,
          metrics
      ),
      maintenance_(
          {.instance = std::string(kService) + "-" + config.kafka.instance,
           .patience = config.in_doubt,
           .silence = config.accepted,
           .kept = config.sends_kept},
          pool_,
          channels_,
          sends_,
          outbox_,
          clock_,
          metrics
      ),
      outbound_(pool_, channels_, sends_, receipts_, dead_letters_, [this] { dispatcher_.wake(); }),
      statuses_(
          pool_, channels_, sends_, dead_letters_, opaque_, clock_, [this] { dispatcher_.wake(); }
      ),
      rpc_(pool_, channels_, outbox_, clock_),
      server_({kService, config.rpc_listen, config.tls, config.rpc_allow_list}, {&rpc_}, metrics),
      outbound_consumer_(
          consumer_config(config, kafka::topics::kWhatsappOutbound, outbound_offset),
          [this](std::span<const kafka::Record> batch) { return outbound_(batch); },
          metrics
      ),
      status_consumer_(
          consumer_config(config, kafka::topics::kWhatsappStatus, status_offset),
          [this](std::span<const kafka::Record> batch) { return statuses_(batch); },
          metrics
      ) {}

Status App::start() {
    TECNOCHAT_CHECK(tokens_.token(""));
    TECNOCHAT_CHECK(channels_.load());
    // Before anything is claimed: what an earlier process had on the wire must not be taken for
    // ours.
    TECNOCHAT_CHECK(maintenance_.recover_own());
    outbox_.start();
    recorder_.start([this](std::size_t) { dispatcher_.wake(); });
    receipts_.start();
    dispatcher_.start();
    maintenance_.start([this] { dispatcher_.wake(); });
    TECNOCHAT_CHECK(server_.start());
    outbound_consumer_.start();
    status_consumer_.start();
    return ok();
}

bool App::ready() const {
    return outbound_consumer_.ready() && status_consumer_.ready() && producer_.connected();
}

void App::stop(Deadline deadline) {
    outbound_consumer_.stop();
    status_consumer_.stop();
    server_.stop(deadline);
    dispatcher_.stop(deadline);
    recorder_.stop(deadline);
    maintenance_.stop();
    receipts_.stop();
    outbox_.stop(deadline);
}

}  // namespace tecnochat::whatsapp_connector
