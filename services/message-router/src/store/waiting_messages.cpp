#include "store/waiting_messages.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router::store::waiting_messages {
namespace {

using postgres::Params;
using postgres::Transaction;
using Headers = decltype(domain::RawMessage::headers);

constexpr std::string_view kInsert = R"sql(
    INSERT INTO waiting_messages (phone_number_id, waiting_since, sealed_day, topic, partition,
        record_offset, key, value, headers, recorded_at)
    SELECT n.phone_number_id, $9::timestamptz, $10::integer, n.topic, n.partition, n.record_offset,
        n.key, n.value, n.headers::jsonb, n.recorded_at
    FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[], $6::bytea[],
        $7::text[], $8::timestamptz[]) WITH ORDINALITY n(phone_number_id, topic, partition,
        record_offset, key, value, headers, recorded_at, place)
    ORDER BY n.place
    ON CONFLICT DO NOTHING
)sql";

constexpr std::string_view kBacklog = R"sql(
    SELECT phone_number_id, count(*) AS count
    FROM waiting_messages
    GROUP BY phone_number_id
    ORDER BY phone_number_id
)sql";

constexpr std::string_view kNumbersAmong = R"sql(
    SELECT DISTINCT phone_number_id
    FROM waiting_messages
    WHERE phone_number_id = ANY($1::text[])
)sql";

constexpr std::string_view kOfNumber = R"sql(
    SELECT id, phone_number_id, waiting_since, sealed_day, topic, partition, record_offset, key,
        value, headers, recorded_at
    FROM waiting_messages
    WHERE phone_number_id = $1
    ORDER BY id
)sql";

constexpr std::string_view kOlderThan = R"sql(
    SELECT id, phone_number_id, waiting_since, sealed_day, topic, partition, record_offset, key,
        value, headers, recorded_at
    FROM waiting_messages
    WHERE waiting_since <= $1
    ORDER BY id
    LIMIT $2
)sql";

// Locked in order first, so that two replicas wait for each other instead of deadlocking.
constexpr std::string_view kTake = R"sql(
    WITH due AS (
        SELECT id FROM waiting_messages WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE
    )
    DELETE FROM waiting_messages w USING due WHERE w.id = due.id
    RETURNING w.id
)sql";

std::string headers_to_json(const Headers& headers) {
    auto list = nlohmann::json::array();
    for (const auto& [name, value] : headers) list.push_back({name, value});
    return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Headers> headers_from_json(const std::string& text) {
    Headers headers;
    const auto list = nlohmann::json::parse(text, nullptr, false);
    if (!list.is_array()) return make_error(ErrorCode::kDataLoss, "headers are no list");
    for (const auto& pair : list) {
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
            return make_error(ErrorCode::kDataLoss, "a header is no pair of texts");
        headers.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
    }
    return headers;
}

// The words of a newer version, or damage. The message goes on without them: they hold its trace
// and what tools show, and nothing else may wait for it.
Headers headers_or_none(std::int64_t id, const std::string& text) {
    auto headers = headers_from_json(text);
    if (headers) return std::move(*headers);
    telemetry::log_limited(
        telemetry::Level::kWarning,
        "the headers of a waiting message cannot be read",
        {{"waiting_id", id}, {"reason", headers.error().message}}
    );
    return {};
}

std::vector<WaitingMessage> read(const postgres::Rows& rows) {
    std::vector<WaitingMessage> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        WaitingMessage message;
        message.id = row.number("id");
        message.phone_number_id = row.text("phone_number_id");
        message.waiting_since = row.time("waiting_since");
        message.sealed_day = std::chrono::sys_days(std::chrono::days(row.number("sealed_day")));
        message.raw.topic = row.text("topic");
        message.raw.partition = static_cast<std::int32_t>(row.number("partition"));
        message.raw.offset = row.number("record_offset");
        message.raw.key = row.bytes("key");
        message.raw.value = row.bytes("value");
        message.raw.headers = headers_or_none(message.id, row.text("headers"));
        message.raw.recorded_at = row.time("recorded_at");
        found.push_back(std::move(message));
    }
    return found;
}

struct Sealed {
    const NewWaiting* message;
    std::string key;
    std::string value;
};

}  // namespace

Status insert(
    Transaction& transaction,
    std::span<const NewWaiting> messages,
    const sealing::Keyring& daily,
    Timestamp now
) {
    if (messages.empty()) return ok();
    std::vector<Sealed> sealed;
    sealed.reserve(messages.size());
    for (const auto& message : messages) {
        TECNOCHAT_TRY(auto key, daily.seal(message.raw.key));
        TECNOCHAT_TRY(auto value, daily.seal(message.raw.value));
        sealed.push_back({&message, std::move(key), std::move(value)});
    }
    Params params;
    params.add_columns(
        sealed,
        [](const Sealed& row) -> const auto& { return row.message->phone_number_id; },
        [](const Sealed& row) -> const auto& { return row.message->raw.topic; },
        [](const Sealed& row) { return row.message->raw.partition; },
        [](const Sealed& row) { return row.message->raw.offset; },
        [](const Sealed& row) { return postgres::Bytes{row.key}; },
        [](const Sealed& row) { return postgres::Bytes{row.value}; },
        [](const Sealed& row) { return headers_to_json(row.message->raw.headers); },
        [](const Sealed& row) { return row.message->raw.recorded_at; }
    );
    const auto day = std::chrono::floor<std::chrono::days>(now);
    params.add(now).add(std::int64_t{day.time_since_epoch().count()});
    transaction.send(kInsert, params);
    return ok();
}

Result<std::vector<Backlog>> backlog(Transaction& transaction) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kBacklog));
    std::vector<Backlog> found;
    for (const auto row : rows) found.push_back({row.text("phone_number_id"), row.number("count")});
    return found;
}

postgres::Pending numbers_among(Transaction& transaction, std::span<const std::string> numbers) {
    return transaction.send(kNumbersAmong, Params().add_array(numbers));
}

Result<std::vector<WaitingMessage>> of_number(Transaction& transaction, const std::string& number) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kOfNumber, Params().add(number)));
    return read(rows);
}

Result<std::vector<WaitingMessage>> older_than(
    Transaction& transaction, Timestamp before, int limit
) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kOlderThan, Params().add(before).add(limit))
    );
    return read(rows);
}

Result<std::vector<std::int64_t>> take(
    Transaction& transaction, std::span<const std::int64_t> ids
) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kTake, Params().add_array(ids)));
    std::vector<std::int64_t> taken;
    for (const auto row : rows) taken.push_back(row.number("id"));
    std::ranges::sort(taken);
    return taken;
}

}  // namespace tecnochat::message_router::store::waiting_messages
