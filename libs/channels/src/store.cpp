#include "tecnochat/channels/store.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "row.hpp"

namespace tecnochat::channels {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Transaction;

// Arbitrary but fixed. The first of two numbers: such locks never meet those of one number.
constexpr std::int64_t kNumberLock = 0x7E0C4A7;

constexpr std::string_view kAll = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch
    FROM channels
)sql";

// Not clock_timestamp(), which is volatile: no index serves a condition with it.
constexpr std::string_view kChanged = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch
    FROM channels
    WHERE changed_at > statement_timestamp() - $1::bigint * interval '1 millisecond'
)sql";

constexpr std::string_view kSome = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch
    FROM channels
    WHERE phone_number_id = ANY($1::text[])
)sql";

constexpr std::string_view kKnown = R"sql(
    SELECT phone_number_id
    FROM channels
    WHERE phone_number_id = ANY($1::text[])
)sql";

// Waits for FOR SHARE of others by itself, and sorted, as they lock.
constexpr std::string_view kUpsert = R"sql(
    INSERT INTO channels AS c (phone_number_id, tenant_id, waba_id, display_phone_number, state,
        epoch)
    SELECT DISTINCT ON (phone_number_id) *
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[]) n(
        phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch)
    ORDER BY phone_number_id, epoch DESC
    ON CONFLICT (phone_number_id)
    DO UPDATE SET tenant_id = excluded.tenant_id, waba_id = excluded.waba_id,
        display_phone_number = excluded.display_phone_number, state = excluded.state,
        epoch = excluded.epoch, changed_at = clock_timestamp()
    WHERE excluded.epoch > c.epoch
)sql";

constexpr std::string_view kLockShared = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch
    FROM channels
    WHERE phone_number_id = ANY($1::text[])
    ORDER BY phone_number_id
    FOR SHARE
)sql";

constexpr std::string_view kLockNumbers = R"sql(
    SELECT pg_advisory_xact_lock($2::int, h)
    FROM (SELECT DISTINCT hashtext(n) AS h FROM unnest($1::text[]) n ORDER BY h) hashes
)sql";

constexpr std::string_view kLockNumbersShared = R"sql(
    SELECT pg_advisory_xact_lock_shared($2::int, h)
    FROM (SELECT DISTINCT hashtext(n) AS h FROM unnest($1::text[]) n ORDER BY h) hashes
)sql";

std::vector<ChannelRow> read(const Rows& rows) {
    std::vector<ChannelRow> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        ChannelRow& read = found.emplace_back();
        read.channel.phone_number_id = row.text("phone_number_id");
        read.channel.tenant = row.id<TenantId>("tenant_id");
        read.channel.waba_id = row.text("waba_id");
        read.channel.display_phone_number = row.text("display_phone_number");
        const auto state = row.word("state", parse_state);
        read.known_state = state.has_value();
        if (state) read.channel.state = *state;
        read.channel.epoch = row.number("epoch");
    }
    return found;
}

Error changed() {
    return make_error(
        ErrorCode::kAborted, "a number has changed meanwhile", std::string(kChannelChanged)
    );
}

/// Travels with the statement after it, whose snapshot is taken once the locks are held.
void lock_numbers(Transaction& transaction, std::string_view sql, Params numbers) {
    transaction.send(sql, numbers.add(kNumberLock));
}

}  // namespace

Result<Channel> ChannelRow::checked() const {
    if (known_state) return channel;
    return make_error(
        ErrorCode::kDataLoss,
        "channels.state holds a word this version does not know",
        "UNKNOWN_WORD"
    );
}

Result<std::vector<ChannelRow>> select_all(Transaction& transaction) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kAll));
    return read(rows);
}

Result<std::vector<ChannelRow>> select_changed(Transaction& transaction, Milliseconds age) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kChanged, Params().add(std::int64_t{age.count()}))
    );
    return read(rows);
}

Result<std::vector<ChannelRow>> select_some(
    Transaction& transaction, std::span<const std::string> numbers
) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kSome, Params().add_array(numbers)));
    return read(rows);
}

Status upsert(Transaction& transaction, std::span<const Channel> channels) {
    if (channels.empty()) return ok();
    lock_numbers(
        transaction, kLockNumbers, Params().add_columns(channels, &Channel::phone_number_id)
    );
    Params params;
    params.add_columns(
        channels,
        &Channel::phone_number_id,
        &Channel::tenant,
        &Channel::waba_id,
        &Channel::display_phone_number,
        [](const Channel& channel) { return to_string(channel.state); },
        &Channel::epoch
    );
    TECNOCHAT_CHECK(transaction.execute(kUpsert, params));
    return ok();
}

Status confirm(Transaction& transaction, Directory& directory, std::span<const Claim> claims) {
    if (claims.empty()) return ok();
    std::set<std::string> distinct;
    for (const auto& claim : claims) distinct.insert(claim.phone_number_id);
    const std::vector<std::string> numbers(distinct.begin(), distinct.end());
    TECNOCHAT_TRY(const auto locked, transaction.execute(kLockShared, Params().add_array(numbers)));
    std::map<std::string, ChannelRow> rows;
    for (auto& row : read(locked)) rows.emplace(row.channel.phone_number_id, row);

    std::vector<std::string> wrong;
    for (const auto& claim : claims) {
        const auto it = rows.find(claim.phone_number_id);
        const bool holds = it != rows.end() && it->second.known_state &&
                           it->second.channel.state != State::kDisconnected &&
                           it->second.channel.tenant == claim.tenant;
        if (!holds) wrong.push_back(claim.phone_number_id);
    }
    if (wrong.empty()) return ok();
    directory.mark_stale(wrong);
    return changed();
}

Result<std::set<std::string>> known(
    Transaction& transaction, std::span<const std::string> numbers
) {
    std::set<std::string> found;
    if (numbers.empty()) return found;
    TECNOCHAT_TRY(const auto rows, transaction.execute(kKnown, Params().add_array(numbers)));
    for (const auto row : rows) found.insert(row.text("phone_number_id"));
    return found;
}

Status lock_unknown(Transaction& transaction, std::span<const std::string> numbers) {
    if (numbers.empty()) return ok();
    lock_numbers(transaction, kLockNumbersShared, Params().add_array(numbers));
    TECNOCHAT_TRY(const auto by_now, known(transaction, numbers));
    return by_now.empty() ? ok() : changed();
}

}  // namespace tecnochat::channels
