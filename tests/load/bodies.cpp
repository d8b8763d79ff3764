#include "bodies.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "tecnochat/crypto/encoding.hpp"
#include "tecnochat/crypto/hmac.hpp"

namespace tecnochat::load {
namespace {

constexpr std::size_t kNumbers = 64;
constexpr std::size_t kCustomers = 10'000;

std::string body(std::size_t index, const std::string& run) {
    const std::string phone = fmt::format("57300{:07}", index % kCustomers);
    const std::size_t number = index % kNumbers;
    return fmt::format(
        R"({{"object":"whatsapp_business_account","entry":[{{"id":"1020304050607{0:03}","changes":[{{)"
        R"("value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"57601555{0:04}",)"
        R"("phone_number_id":"106540352242{0:03}"}},"contacts":[{{"profile":{{"name":"Cliente n\u00famero {1}"}},)"
        R"("wa_id":"{2}","user_id":"CO.13491208655302{1:07}"}}],"messages":[{{"from":"{2}",)"
        R"("from_user_id":"CO.13491208655302{1:07}","id":"wamid.HBgMNTczMDA{3}{1:012}",)"
        R"("timestamp":"1750030073","text":{{"body":"\u00bfA qu\u00e9 hora abren el s\u00e1bado? )"
        R"(Quisiera reservar una mesa para cuatro personas, gracias. N\u00famero {1}"}},"type":"text"}}]}},)"
        R"("field":"messages"}}]}}]}})",
        number,
        index,
        phone,
        run
    );
}

}  // namespace

Target parse_url(const std::string& url) {
    constexpr std::string_view kScheme = "http://";
    const auto slash = url.find('/', kScheme.size());
    const auto colon = url.find(':', kScheme.size());
    if (!url.starts_with(kScheme) || slash == url.npos || colon == url.npos || colon > slash) {
        throw std::runtime_error("--url must look like http://127.0.0.1:8081/path");
    }
    Target target;
    target.host = url.substr(kScheme.size(), colon - kScheme.size());
    target.port = static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1, slash - colon - 1)));
    target.path = url.substr(slash);
    return target;
}

std::string signed_request(
    const Target& target, const std::string& body, const crypto::HmacSha256& key
) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\nX-Hub-Signature-256: sha256={}\r\n"
        "Content-Length: {}\r\n\r\n{}",
        target.path,
        target.host,
        target.port,
        crypto::to_hex(key.sign(body)),
        body.size(),
        body
    );
}

std::vector<std::string> signed_requests(
    const Target& target, std::size_t count, const std::string& secret, const std::string& run
) {
    const crypto::HmacSha256 key(secret);
    std::vector<std::string> requests;
    requests.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        requests.push_back(signed_request(target, body(i, run), key));
    }
    return requests;
}

}  // namespace tecnochat::load
