#include "support/ledger.hpp"

#include <stdexcept>

#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::scenarios {
namespace {

std::string to_text(const std::map<std::string, int>& counts) {
    std::string text;
    for (const auto& [key, value] : counts)
        text += (key.empty() ? "open" : key) + "=" + std::to_string(value) + " ";
    return text;
}

constexpr const char* kRouter = "message-router";
constexpr const char* kConnector = "whatsapp-connector";

}  // namespace

Ledger::Ledger(const testkit::Stack& stack, TenantId tenant) : stack_(stack), tenant_(tenant) {}

Ledger::~Ledger() = default;

postgres::Rows Ledger::query(const std::string& service, const std::string& sql) const {
    auto& connection = connections_[service];
    if (!connection || !connection->healthy()) {
        auto opened =
            postgres::connect(stack_.database_url(service), Deadline::after(Milliseconds(10'000)));
        if (!opened)
            throw std::runtime_error("database of " + service + ": " + opened.error().message);
        connection = std::move(opened).value();
    }
    auto rows = connection->execute(sql, postgres::Params().add(tenant_));
    if (!rows) throw std::runtime_error("query on " + service + ": " + rows.error().message);
    return std::move(rows).value();
}

std::map<std::string, int> Ledger::count(const std::string& service, const std::string& sql) const {
    std::map<std::string, int> counts;
    for (const auto row : query(service, sql))
        counts[row.text("key")] = static_cast<int>(row.number("count"));
    return counts;
}

int Ledger::number(const std::string& service, const std::string& sql) const {
    return static_cast<int>(query(service, sql)[0].number("count"));
}

std::vector<Ledger::Turn> Ledger::turns() const {
    std::vector<Turn> turns;
    const auto rows = query(
        kRouter,
        "SELECT coalesce(t.outcome, '') AS outcome, coalesce(t.reason, '') AS reason, "
        "count(*) FILTER (WHERE m.direction = 'in') AS inbound, "
        "count(*) FILTER (WHERE m.direction = 'out') AS outbound "
        "FROM turns t LEFT JOIN messages m ON m.tenant_id = t.tenant_id AND m.turn_id = t.id WHERE t.tenant_id = $1 "
        "GROUP BY t.tenant_id, t.id, t.outcome, t.reason"
    );
    for (const auto row : rows) {
        turns.push_back(
            {row.text("outcome"),
             row.text("reason"),
             static_cast<int>(row.number("inbound")),
             static_cast<int>(row.number("outbound"))}
        );
    }
    return turns;
}

std::map<std::string, int> Ledger::inbound() const {
    return count(
        kRouter,
        "SELECT wamid AS key, count(*) FROM messages WHERE tenant_id = $1 AND direction = 'in' GROUP BY wamid"
    );
}

std::map<std::string, int> Ledger::sends() const {
    return count(
        kConnector, "SELECT state AS key, count(*) FROM sends WHERE tenant_id = $1 GROUP BY state"
    );
}

std::map<std::string, int> Ledger::sends_of(const std::string& number) const {
    std::map<std::string, int> counts;
    const auto rows =
        query(kConnector, "SELECT phone_number_id, state FROM sends WHERE tenant_id = $1");
    for (const auto row : rows) {
        if (row.text("phone_number_id") == number) ++counts[row.text("state")];
    }
    return counts;
}

std::set<std::string> Ledger::sends_in(const std::string& state) const {
    std::set<std::string> ids;
    const auto rows =
        query(kConnector, "SELECT id, state FROM sends WHERE tenant_id = $1 FOR SHARE");
    for (const auto row : rows) {
        if (row.text("state") == state) ids.insert(row.uuid("id").to_string());
    }
    return ids;
}

std::map<std::string, int> Ledger::outbound_by_status() const {
    return count(
        kRouter,
        "SELECT status AS key, count(*) FROM messages WHERE tenant_id = $1 AND direction = 'out' GROUP BY status"
    );
}

int Ledger::parked_conversations() const {
    return number(kRouter, "SELECT count(*) FROM conversations WHERE tenant_id = $1 AND parked");
}

int Ledger::sequence_gaps() const {
    return number(
        kRouter,
        "SELECT count(*) FROM (SELECT sequence, row_number() OVER (PARTITION BY conversation_id ORDER BY sequence) AS place "
        "FROM messages WHERE tenant_id = $1) AS numbered WHERE sequence <> place"
    );
}

int Ledger::unpublished() const {
    const char* sql = "SELECT count(*) FROM outbox WHERE tenant_id = $1";
    return number(kRouter, sql) + number(kConnector, sql);
}

int Ledger::held_back() const {
    return number(kRouter, "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND NOT direct");
}

bool Ledger::settled() const {
    for (const auto& turn : turns()) {
        if (turn.outcome.empty()) return false;
    }
    int replies = 0;
    for (const auto& [status, count] : outbound_by_status()) {
        if (status == "queued" || status == "sending") return false;
        replies += count;
    }
    int ended = 0;
    for (const auto& [state, count] : sends()) {
        if (state != "sent" && state != "failed" && state != "unknown") return false;
        ended += count;
    }
    return ended == replies && unpublished() == 0;
}

std::string Ledger::describe() const {
    std::map<std::string, int> outcomes;
    for (const auto& turn : turns()) ++outcomes[turn.outcome];
    return "turns: " + to_text(outcomes) + "| outbound: " + to_text(outbound_by_status()) +
           "| sends: " + to_text(sends()) + "| unpublished: " + std::to_string(unpublished());
}

}  // namespace tecnochat::scenarios
