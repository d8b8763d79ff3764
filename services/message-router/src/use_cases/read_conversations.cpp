#include "use_cases/read_conversations.hpp"

#include <charconv>
#include <limits>
#include <optional>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::message_router {
namespace {

constexpr std::size_t kTokenBytesMax = 128;

Error bad_token() {
    return make_error(ErrorCode::kInvalidArgument, "page_token is not one of ours", "PAGE_TOKEN");
}

std::optional<std::int64_t> to_number(std::string_view text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || rest != end) return std::nullopt;
    return number;
}

// Nothing for what libs/core, and so PostgreSQL, has no time for.
std::optional<Timestamp> to_time(std::int64_t ms) {
    using Seconds = std::numeric_limits<std::int64_t>;
    const auto time = from_unix_ms(ms);
    if (time < from_unix(Seconds::min(), 0) || time > from_unix(Seconds::max(), 999'999'999))
        return std::nullopt;
    return time;
}

Result<std::string> open_token(const std::string& token) {
    if (token.size() > kTokenBytesMax) return bad_token();
    auto text = crypto::from_base64url(token);
    if (!text) return bad_token();
    return std::move(*text);
}

// "<unix ms>/<id>"
std::string to_token(const store::ConversationView& last) {
    return crypto::to_base64url(
        std::to_string(to_unix_ms(last.state.last_message_at)) + "/" + last.state.id.to_string()
    );
}

Result<std::optional<store::ConversationCursor>> conversation_cursor(const std::string& token) {
    if (token.empty()) return std::optional<store::ConversationCursor>();
    TECNOCHAT_TRY(const auto text, open_token(token));
    const auto slash = text.find('/');
    if (slash == std::string::npos) return bad_token();
    const auto ms = to_number(std::string_view(text).substr(0, slash));
    const auto id = ConversationId::parse(std::string_view(text).substr(slash + 1));
    const auto time = ms ? to_time(*ms) : std::nullopt;
    if (!time || !id) return bad_token();
    return std::optional(store::ConversationCursor{*time, *id});
}

Result<std::int64_t> message_cursor(const std::string& token) {
    if (token.empty()) return 0;
    TECNOCHAT_TRY(const auto text, open_token(token));
    const auto sequence = to_number(text);
    if (!sequence || *sequence < 0) return bad_token();
    return *sequence;
}

// One more than the page was read: whether there is a next one.
template <class Item, class ToToken>
Page<Item> to_page(std::vector<Item> items, int limit, ToToken to_next) {
    Page<Item> page{std::move(items), {}};
    if (page.items.size() > static_cast<std::size_t>(limit)) {
        page.items.resize(static_cast<std::size_t>(limit));
        page.next_token = to_next(page.items.back());
    }
    return page;
}

}  // namespace

Result<Page<store::ConversationView>> ReadConversations::list(
    const TenantId& tenant,
    const store::ConversationFilter& filter,
    const std::string& token,
    int limit,
    Deadline deadline
) {
    TECNOCHAT_ASSERT(limit > 0, "a page holds something");
    TECNOCHAT_TRY(const auto after, conversation_cursor(token));
    if (filter.phone_number_id) {
        const std::string numbers[] = {*filter.phone_number_id};
        TECNOCHAT_TRY(const auto known, directory_.lookup(numbers, deadline));
        if (known.empty() || known.begin()->second.tenant != tenant)
            return make_error(ErrorCode::kNotFound, "no such number");
    }
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(auto views, views_.conversations(transaction, tenant, filter, after, limit + 1));
    TECNOCHAT_CHECK(transaction.commit());
    return to_page(std::move(views), limit, to_token);
}

Result<store::ConversationView> ReadConversations::get(
    const TenantId& tenant, const ConversationId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(auto view, views_.conversation(transaction, tenant, id));
    TECNOCHAT_CHECK(transaction.commit());
    return view;
}

Result<Page<store::MessageView>> ReadConversations::messages(
    const TenantId& tenant,
    const ConversationId& id,
    const std::string& token,
    int limit,
    Deadline deadline
) {
    TECNOCHAT_ASSERT(limit > 0, "a page holds something");
    TECNOCHAT_TRY(const auto after, message_cursor(token));
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(const auto conversation, views_.conversation(transaction, tenant, id));
    TECNOCHAT_TRY(auto views, views_.messages(transaction, tenant, conversation, after, limit + 1));
    TECNOCHAT_CHECK(transaction.commit());
    return to_page(std::move(views), limit, [](const store::MessageView& last) {
        return crypto::to_base64url(std::to_string(last.sequence));
    });
}

}  // namespace tecnochat::message_router
