#include "component/fixture.hpp"

#include <atomic>
#include <catch2/catch.hpp>

#include "tecnochat/kafka/testing/read_topic.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::message_router::testing {
namespace {

using namespace std::chrono_literals;
namespace wa = tecnochat::whatsapp::v1;

void set_time(google::protobuf::Timestamp& wire, Timestamp time) {
    wire.set_seconds(to_unix_ms(time) / 1000);
    wire.set_nanos(static_cast<std::int32_t>(to_unix_ms(time) % 1000) * 1'000'000);
}

/// Before anything asks for them: the mock makes what it is asked for, with other partitions.
kafka::testing::MockCluster& with_topics(kafka::testing::MockCluster& cluster) {
    for (const auto topic :
         {kafka::topics::kAiRequests,
          kafka::topics::kWhatsappOutbound,
          kafka::topics::kDeadLettersMessageRouter})
        cluster.create_topic(std::string(topic), 1);
    return cluster;
}

kafka::ProducerConfig producer_config(const kafka::testing::MockCluster& cluster) {
    kafka::ProducerConfig config;
    config.client_id = "router-test";
    config.mock_bootstrap = cluster.bootstrap();
    return config;
}

}  // namespace

Router::Router()
    : pool({database.service_url(), 8}),
      producer(producer_config(with_topics(cluster)), metrics),
      dead_letters(producer, std::string(kafka::topics::kDeadLettersMessageRouter), metrics),
      outbox(
          pool,
          producer,
          [this] {
              auto tenants = directory.tenants();
              tenants.emplace_back();  // letters of waiting messages have none
              return tenants;
          },
          {},
          metrics
      ) {
    receive_inbound_use_case.settle_with(settle_waiting);
    require(directory.refresh(Deadline::after(5s)));
    outbox.start();  // on a busy machine even the first produce may be left to the sweeper
    take(update_channels, {channel(kNumber, tenant, 1), channel(kOtherNumber, other_tenant, 1)});
}

Router::~Router() {
    outbox.stop(Deadline::after(5s));
}

wa::InboundMessage Router::text_message(
    const std::string& wamid, const std::string& body, const std::string& phone
) const {
    wa::InboundMessage message;
    message.set_phone_number_id(kNumber);
    message.set_waba_id("1");
    message.set_message_id(wamid);
    message.set_from_phone(phone);
    message.set_profile_name("Ana");
    set_time(*message.mutable_sent_at(), clock.now() - 1s);
    set_time(*message.mutable_received_at(), clock.now());
    message.mutable_text()->set_body(body);
    return message;
}

kafka::Record Router::record(const google::protobuf::Message& message) {
    static std::atomic<std::int64_t> next_offset{0};
    kafka::Record record;
    record.topic = "test";
    record.offset = next_offset++;
    record.value = message.SerializeAsString();
    record.timestamp = SystemClock().now();
    return record;
}

kafka::Record Router::channel(
    const std::string& number, const TenantId& owner, std::int64_t epoch, wa::ChannelState state
) const {
    wa::ChannelEvent event;
    event.set_phone_number_id(number);
    event.set_tenant_id(owner.to_string());
    event.set_waba_id("1");
    event.set_display_phone_number("+57 300");
    event.set_state(state);
    event.set_epoch(epoch);
    return record(event);
}

ai::v1::AiReply Router::reply_to(const std::string& wamid, const std::string& text) {
    const std::string of =
        " FROM messages m JOIN turns t ON t.id = m.turn_id WHERE m.direction = 'in' AND m.wamid = '" +
        wamid + "'";
    ai::v1::AiReply reply;
    reply.set_tenant_id(tenant.to_string());
    reply.set_conversation_id(database.query("SELECT m.conversation_id::text" + of));
    reply.set_turn_id(database.query("SELECT t.id::text" + of));
    reply.set_turn_epoch(database.count("SELECT t.epoch::text" + of));
    reply.set_action(ai::v1::AI_ACTION_ANSWER);
    reply.set_text(text);
    auto& source = *reply.add_sources();
    source.set_item_id("item-1");
    source.set_title("Horario");
    source.set_score(0.75);
    return reply;
}

double Router::dead_letter_count(const std::string& topic, const std::string& reason) {
    return metrics
        .counter(
            "tecnochat_dead_letters_total",
            "Records that became dead letters because they cannot be processed",
            {{"topic", topic}, {"reason", reason}}
        )
        .value();
}

double Router::dropped(const std::string& topic, const std::string& reason) {
    return metrics
        .counter(
            "tecnochat_pipeline_dropped_total",
            "Records that changed nothing, by topic and reason",
            {{"topic", topic}, {"reason", reason}}
        )
        .value();
}

std::vector<kafka::Record> Router::published(std::string_view topic, std::size_t count) {
    auto records = kafka::testing::read_topic(cluster.bootstrap(), topic, count);
    REQUIRE(records.size() >= count);
    return records;
}

std::vector<kafka::Record> Router::on_topic(std::string_view topic) {
    return kafka::testing::read_topic(cluster.bootstrap(), topic);
}

void Router::require(const Status& status) {
    if (!status)
        FAIL(
            to_string(status.error().code)
            << " " << status.error().message << " " << status.error().reason
        );
}

}  // namespace tecnochat::message_router::testing
