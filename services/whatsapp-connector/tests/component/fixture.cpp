#include "component/fixture.hpp"

#include <algorithm>
#include <stdexcept>

#include "domain/send_protocol.hpp"
#include "store/send_content.hpp"
#include "tecnochat/kafka/testing/read_topic.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

using namespace std::chrono_literals;

kafka::ProducerConfig producer_config(const kafka::testing::MockCluster& cluster) {
    kafka::ProducerConfig config;
    config.client_id = "connector-test";
    config.mock_bootstrap = cluster.bootstrap();
    return config;
}

}  // namespace

Deadline soon() {
    return Deadline::after(10s);
}

ConversationId conversation(int n) {
    return ConversationId(Uuid::v5(kTecnochatNamespace, "conversation " + std::to_string(n)));
}

MessageId message(int n) {
    return MessageId(Uuid::v5(kTecnochatNamespace, "message " + std::to_string(n)));
}

PublishingFixture::PublishingFixture()
    : producer(producer_config(cluster), metrics),
      outbox(pool, producer, [this] { return directory.tenants(); }, {}, metrics) {
    // One partition, as in deploy/topics.yaml: their order can be told.
    cluster.create_topic(std::string(kafka::topics::kDeadLettersWhatsappConnector), 1);
}

Fixture::Fixture() {
    for (const auto& [number, owner] :
         {std::pair{kNumber, tenant}, std::pair{kOtherNumber, other_tenant}}) {
        auto transaction = postgres::Transaction::begin(pool, owner, soon());
        or_fail(transaction);
        const auto channel =
            channel_store.connect(*transaction, {number, owner, "501", "+57 300 000 0142"});
        or_fail(channel);
        or_fail(transaction->commit());
        directory.note(*channel);
    }
}

void Fixture::fail(const std::string& message) {
    throw std::runtime_error(message);
}

postgres::Transaction Fixture::begin() {
    const std::vector<TenantId> both{tenant, other_tenant};
    auto transaction = postgres::Transaction::begin(pool, both, soon());
    or_fail(transaction);
    return std::move(transaction).value();
}

NewSend Fixture::text(int n, int conversation_number) const {
    return {
        tenant,
        message(n),
        kNumber,
        conversation(conversation_number),
        ContactId(Uuid::v5(kTecnochatNamespace, "contact")),
        {"573001112233", ""},
        "texto " + std::to_string(n),
        clock.now() + 1h
    };
}

NewSend Fixture::text_of_other_tenant(int n) const {
    auto send = text(n, n);
    send.tenant = other_tenant;
    send.phone_number_id = kOtherNumber;
    return send;
}

void Fixture::insert(std::vector<NewSend> texts) {
    const auto keys = keys_of(texts, sealer);
    commit([&](auto& transaction) { return sends.insert(transaction, texts, keys); });
}

std::vector<SendStore::Share> Fixture::shares(int most) const {
    return {{{tenant, kNumber}, most}, {{other_tenant, kOtherNumber}, most}};
}

std::vector<ClaimedSend> Fixture::claim(int limit, const std::string& instance) {
    auto claimed = commit([&](auto& transaction) {
        return sends.claim(transaction, instance, shares(limit));
    });
    send_content::open(claimed, keys_of(claimed, sealer));
    return claimed;
}

std::vector<SendChange> Fixture::enter_wire(const std::vector<ClaimedSend>& claimed) {
    return commit([&](auto& transaction) { return sends.enter_wire(transaction, claimed); });
}

ClaimedSend Fixture::on_wire(int n) {
    insert({text(n, n)});
    const auto claimed = claim();
    if (claimed.size() != 1) fail("there is more to claim than the one send");
    enter_wire(claimed);
    return claimed.front();
}

std::vector<SendChange> Fixture::record(const ClaimedSend& send, const GraphAnswer& answer) {
    const std::vector<Answered> answered{{&send, after_answer(answer, send.attempt)}};
    return commit([&](auto& transaction) { return sends.record(transaction, answered); });
}

std::vector<SendChange> Fixture::echo(int n, EchoKind kind, const std::string& wamid, int error) {
    const std::vector<Echo> echoes{{tenant, message(n), kind, wamid, error}};
    return commit([&](auto& transaction) { return sends.apply_echoes(transaction, echoes); });
}

std::string Fixture::state(int n) {
    return column(n, "state");
}

bool Fixture::has_content(int n) {
    const auto lengths = column(n, "octet_length(recipient) || ' ' || octet_length(body)");
    if (lengths == "0 0") return false;
    if (lengths.starts_with("0 ") || lengths.ends_with(" 0")) fail("half of a send's content");
    return true;
}

void Fixture::put_in_unknown_state(int n, const std::string& instead_of) {
    database.run(
        "ALTER TABLE sends DROP CONSTRAINT sends_state_check;"
        "CREATE FUNCTION newer() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.state := 'boosted'; NEW.recipient := ''; NEW.body := ''; RETURN NEW; END $$;"
        "CREATE TRIGGER newer BEFORE UPDATE ON sends FOR EACH ROW WHEN (NEW.state = '" +
        instead_of + "' AND NEW.id = '" + message(n).to_string() + "') EXECUTE FUNCTION newer()"
    );
}

std::string Fixture::column(int n, const std::string& name) {
    return database.query(
        "SELECT (" + name + ")::text FROM sends WHERE id = '" + message(n).to_string() + "'"
    );
}

std::vector<kafka::Record> read_topic(
    const kafka::testing::MockCluster& cluster, std::string_view topic, std::size_t count
) {
    return kafka::testing::read_topic(cluster.bootstrap(), topic, count);
}

}  // namespace tecnochat::whatsapp_connector::testing
