#include "domain/graph_answer.hpp"

#include <algorithm>
#include <array>

namespace tecnochat::whatsapp_connector {
namespace {

// Meta's error codes by what they ask for; codes not listed are permanent for this message.
constexpr std::array kRetryCodes{2, 130429, 131056, 131057, 133004, 2494100};
constexpr std::array kFewTriesCodes{1, 131052, 131059, 133000};
constexpr std::array kWaitCodes{4, 80007, 131048, 132015, 132069, 133015, 133016};
constexpr std::array kStopCodes{0,      3,      10,     33,     190,    368,    131005, 131031,
                                131037, 131042, 131044, 131045, 131063, 131064, 132001, 132016,
                                132068, 133005, 133006, 133008, 133009, 133010, 134011, 137000};
// "Something went wrong" and "service unavailable" say that Meta broke, not that it declined: the
// message may be out. They come as 500, and are no more believable as anything else.
constexpr std::array kUnsureCodes{131000, 131016};

template <std::size_t N>
bool contains(const std::array<int, N>& codes, int code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

bool is_unsure(int code) noexcept {
    return contains(kUnsureCodes, code);
}

ErrorClass classify_error(int code, int subcode) noexcept {
    // 100 means a bad parameter, but with subcode 33 that the number is gone or no longer ours.
    if (code == 100 && subcode == 33) return ErrorClass::kStop;
    if (contains(kRetryCodes, code)) return ErrorClass::kRetry;
    if (contains(kFewTriesCodes, code)) return ErrorClass::kFewTries;
    if (contains(kWaitCodes, code)) return ErrorClass::kWait;
    if (contains(kStopCodes, code) || (code >= 200 && code <= 299)) return ErrorClass::kStop;
    return ErrorClass::kPermanent;
}

}  // namespace tecnochat::whatsapp_connector
