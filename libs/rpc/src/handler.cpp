#include "tecnochat/rpc/handler.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::rpc {
namespace {

constexpr std::size_t kTokenBytesMax = 128;
constexpr char kSeparator = '/';

Error bad_token() {
    return make_error(ErrorCode::kInvalidArgument, "page_token is not one of ours", "PAGE_TOKEN");
}

}  // namespace

grpc::Status answer(const Status& status) {
    return status ? grpc::Status::OK : to_grpc(status.error());
}

Deadline deadline_of(const grpc::ServerContext& context, Milliseconds limit) {
    const auto left = std::chrono::duration_cast<Milliseconds>(
        context.deadline() - std::chrono::system_clock::now()
    );
    return Deadline::after(std::clamp(left, Milliseconds(0), limit));
}

Result<int> page_size(int asked, int usual, int maximum) {
    if (asked < 0) {
        return make_error(ErrorCode::kInvalidArgument, "page_size is negative", "PAGE_SIZE");
    }
    return asked == 0 ? usual : std::min(asked, maximum);
}

PageToken& PageToken::add_text(std::string_view field) {
    if (!fields_.empty()) fields_ += kSeparator;
    fields_ += field;
    return *this;
}

std::string PageToken::encode() const {
    std::string token = crypto::to_base64url(fields_);
    TECNOCHAT_ASSERT(token.size() <= kTokenBytesMax, "a page token that decode() would refuse");
    return token;
}

Result<PageToken> PageToken::decode(std::string_view token) {
    if (token.empty() || token.size() > kTokenBytesMax) return bad_token();
    auto fields = crypto::from_base64url(token);
    if (!fields) return bad_token();
    PageToken decoded;
    decoded.fields_ = std::move(*fields);
    return decoded;
}

std::string PageToken::next() {
    if (read_ >= fields_.size()) return {};
    const auto end = std::min(fields_.find(kSeparator, read_), fields_.size());
    std::string field = fields_.substr(read_, end - read_);
    read_ = end + 1;
    return field;
}

Result<std::int64_t> PageToken::next_number() {
    const std::string field = next();
    std::int64_t number = 0;
    const char* const end = field.data() + field.size();
    const auto [rest, failure] = std::from_chars(field.data(), end, number);
    if (failure != std::errc() || rest != end) return bad_token();
    return number;
}

Result<std::int64_t> PageToken::number() {
    TECNOCHAT_TRY(const std::int64_t number, next_number());
    if (number < 0) return bad_token();
    return number;
}

Result<Timestamp> PageToken::time() {
    using Seconds = std::numeric_limits<std::int64_t>;
    TECNOCHAT_TRY(const std::int64_t ms, next_number());
    const Timestamp time = from_unix_ms(ms);
    if (time < from_unix(Seconds::min(), 0) || time > from_unix(Seconds::max(), 999'999'999)) {
        return bad_token();
    }
    return time;
}

Status PageToken::end() const {
    // A separator behind the last field was read with it.
    if (read_ != fields_.size() + 1) return bad_token();
    return ok();
}

void set_time(google::protobuf::Timestamp& wire, Timestamp time) {
    const auto since_epoch = time.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    wire.set_seconds(seconds.count());
    wire.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(since_epoch - seconds).count()
    ));
}

Timestamp to_time(const google::protobuf::Timestamp& wire) {
    return from_unix(wire.seconds(), wire.nanos());
}

}  // namespace tecnochat::rpc
