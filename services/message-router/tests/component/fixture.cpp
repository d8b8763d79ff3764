#include "component/fixture.hpp"

#include <libpq-fe.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/postgres/migrations.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::message_router::testing {
namespace {

using namespace std::chrono_literals;
namespace wa = tecnochat::whatsapp::v1;

constexpr const char* kOwner = "message_router_owner";
constexpr const char* kLogin = "message-router";
constexpr const char* kDatabase = "test_message_router";

constexpr const char* kMakeRoles = R"sql(
    DO $$
    DECLARE
        name text;
    BEGIN
        FOREACH name IN ARRAY ARRAY['message_router_owner', 'message-router'] LOOP
            BEGIN
                EXECUTE format('CREATE ROLE %I', name);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END LOOP;
    END $$
)sql";

template <class T>
T or_throw(Result<T> result) {
    if (!result) throw std::runtime_error("router fixture: " + result.error().message);
    return std::move(result).value();
}

// The server of TECNOCHAT_TEST_POSTGRES_URL (a superuser's), with another database and options.
std::string conninfo(const std::string& database, const std::string& options) {
    const char* url = std::getenv("TECNOCHAT_TEST_POSTGRES_URL");
    if (url == nullptr || *url == '\0') {
        throw std::runtime_error(
            "TECNOCHAT_TEST_POSTGRES_URL is not set: this test needs a PostgreSQL superuser's URL; "
            "./tecnochat test provides one"
        );
    }
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(url, nullptr), &PQconninfoFree
    );
    if (!parsed) throw std::runtime_error("TECNOCHAT_TEST_POSTGRES_URL is not a PostgreSQL URL");
    std::string text = "dbname='" + database + "' options='" + options + "'";
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
        const std::string keyword = option->keyword;
        if (option->val == nullptr || keyword == "dbname" || keyword == "options") continue;
        text += " " + keyword + "='" + option->val + "'";
    }
    return text;
}

// The superuser's login with the role taken on at once: row-level security looks at the role.
std::string as_role(const std::string& role, const std::string& schema) {
    return "-c role=" + role + " -c search_path=" + schema;
}

std::unique_ptr<postgres::Connection> connect(const std::string& where) {
    return or_throw(postgres::connect(where, Deadline::after(10s)));
}

// Roles and the database are shared by tests that run side by side; whoever comes first makes them.
void prepare_server() {
    const auto server = connect(conninfo("postgres", ""));
    or_throw(server->execute("SELECT pg_advisory_lock(hashtext('message-router tests'))"));
    or_throw(server->execute_script(kMakeRoles));
    const auto there = or_throw(server->execute(
        "SELECT FROM pg_database WHERE datname = $1", postgres::Params().add(kDatabase)
    ));
    if (there.empty())
        or_throw(server->execute_script(std::string("CREATE DATABASE ") + kDatabase));
}

void set_time(google::protobuf::Timestamp& wire, Timestamp time) {
    wire.set_seconds(to_unix_ms(time) / 1000);
    wire.set_nanos(static_cast<std::int32_t>(to_unix_ms(time) % 1000) * 1'000'000);
}

kafka::ProducerConfig producer_config(const kafka::testing::MockCluster& cluster) {
    kafka::ProducerConfig config;
    config.client_id = "router-test";
    config.mock_bootstrap = cluster.bootstrap();
    return config;
}

}  // namespace

RouterDatabase::RouterDatabase() {
    std::string id = Uuid::v7(SystemClock().now()).to_string();
    std::erase(id, '-');
    schema_ = "test_" + id;
    prepare_server();
    admin_ = connect(conninfo(kDatabase, "-c search_path=" + schema_));
    run("CREATE SCHEMA " + schema_ + " AUTHORIZATION " + kOwner);
    run("GRANT USAGE ON SCHEMA " + schema_ + " TO \"" + kLogin + "\"");
    const auto migrations =
        std::filesystem::path(TECNOCHAT_SOURCE_DIR) / "services/message-router/migrations";
    or_throw(postgres::migrate(conninfo(kDatabase, as_role(kOwner, schema_)), migrations));
}

RouterDatabase::~RouterDatabase() {
    run("DROP SCHEMA " + schema_ + " CASCADE");
}

Secret RouterDatabase::service_url() const {
    return Secret(conninfo(kDatabase, as_role(kLogin, schema_)));
}

std::string RouterDatabase::query(const std::string& sql) {
    const auto rows = or_throw(admin_->execute(sql));
    return rows.empty() ? "" : rows[0].text_or_null(0).value_or("");
}

void RouterDatabase::run(const std::string& sql) {
    or_throw(admin_->execute_script(sql));
}

Router::Router()
    : pool({database.service_url(), 8}),
      producer(producer_config(cluster), metrics),
      dead_letters(producer, std::string(kafka::topics::kDeadLettersMessageRouter), metrics),
      outbox(
          pool, producer, [this] { return directory.tenants(); }, {}, metrics
      ),
      receive_inbound(
          pool,
          directory,
          sealer,
          outbox,
          dead_letters,
          router_metrics,
          clock,
          std::chrono::minutes(10)
      ),
      accept_replies(pool, sealer, outbox, dead_letters, router_metrics, clock),
      sent(ApplyDeliveries::for_sent(pool, directory, sealer, dead_letters, router_metrics)),
      status(
          ApplyDeliveries::for_status(opaque, pool, directory, sealer, dead_letters, router_metrics)
      ),
      update_channels(pool, directory, dead_letters),
      read(pool, directory, sealer),
      release(pool, sealer) {
    for (const auto topic :
         {kafka::topics::kAiRequests,
          kafka::topics::kWhatsappOutbound,
          kafka::topics::kDeadLettersMessageRouter})
        cluster.create_topic(std::string(topic), 1);
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
    kafka::Record record;
    record.topic = "test";
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
        " FROM messages m JOIN turns t ON t.id = m.turn_id WHERE m.wamid = '" + wamid + "'";
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
            "Records put aside because they cannot be processed",
            {{"topic", topic}, {"reason", reason}}
        )
        .value();
}

double Router::dropped(const std::string& consumer, const std::string& reason) {
    return metrics
        .counter(
            "tecnochat_router_dropped_total",
            "Events that changed nothing, by consumer and reason.",
            {{"consumer", consumer}, {"reason", reason}}
        )
        .value();
}

std::vector<kafka::Record> Router::published(std::string_view topic, std::size_t count) {
    Guarded<std::vector<kafka::Record>> seen;
    kafka::ConsumerConfig config;
    config.service = "router-test";
    config.topic = topic;
    config.from_beginning = true;
    config.mock_bootstrap = cluster.bootstrap();
    kafka::Consumer consumer(
        config,
        [&](std::span<const kafka::Record> records) {
            seen.with([&](auto& all) { all.insert(all.end(), records.begin(), records.end()); });
            return ok();
        },
        metrics
    );
    consumer.start();
    const bool enough = testkit::eventually(30s, [&] {
        return seen.with([&](const auto& all) { return all.size() >= count; });
    });
    consumer.stop();
    REQUIRE(enough);
    return seen.with([](const auto& all) { return all; });
}

void Router::require(const Status& status) {
    if (!status)
        FAIL(
            to_string(status.error().code)
            << " " << status.error().message << " " << status.error().reason
        );
}

}  // namespace tecnochat::message_router::testing
