#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tecnochat::testkit {

struct HttpAnswer {
    int status = 0;  // 0: no answer (refused, cut, timed out)
    std::string body;
};

using HttpHeaders = std::multimap<std::string, std::string>;

/// One request on a fresh connection; `url` is "http://host:port/path?query".
HttpAnswer http_get(
    const std::string& url, const HttpHeaders& headers = {}, int timeout_seconds = 15
);
HttpAnswer http_post(
    const std::string& url,
    const std::string& body,
    const HttpHeaders& headers = {},
    int timeout_seconds = 15
);
HttpAnswer http_delete(const std::string& url, int timeout_seconds = 15);

/// The JSON of an answer that must be 2xx; throws with the answer otherwise.
nlohmann::json json_of(const HttpAnswer& answer);
nlohmann::json post_json(const std::string& url, const nlohmann::json& body);

}  // namespace tecnochat::testkit
