#include "tecnochat/testkit/http.hpp"

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tecnochat::testkit {
namespace {

struct Target {
    std::string origin;
    std::string path;
};

Target split(const std::string& url) {
    const auto slash = url.find('/', url.find("://") + 3);
    return slash == std::string::npos ? Target{url, "/"}
                                      : Target{url.substr(0, slash), url.substr(slash)};
}

httplib::Client client(const Target& target, int timeout_seconds) {
    httplib::Client http(target.origin);
    http.set_tcp_nodelay(true);
    http.set_connection_timeout(5);
    http.set_read_timeout(timeout_seconds);
    http.set_write_timeout(timeout_seconds);
    return http;
}

HttpAnswer answer(const httplib::Result& result) {
    return result ? HttpAnswer{result->status, result->body} : HttpAnswer{};
}

httplib::Headers to_httplib(const HttpHeaders& headers) {
    return {headers.begin(), headers.end()};
}

std::string content_type(httplib::Headers& headers) {
    const auto it = headers.find("Content-Type");
    if (it == headers.end()) return "application/json";
    std::string type = it->second;
    headers.erase(it);
    return type;
}

}  // namespace

HttpAnswer http_get(const std::string& url, const HttpHeaders& headers, int timeout_seconds) {
    const Target target = split(url);
    return answer(client(target, timeout_seconds).Get(target.path.c_str(), to_httplib(headers)));
}

HttpAnswer http_post(
    const std::string& url, const std::string& body, const HttpHeaders& headers, int timeout_seconds
) {
    const Target target = split(url);
    auto all = to_httplib(headers);
    const std::string type = content_type(all);
    return answer(client(target, timeout_seconds).Post(target.path.c_str(), all, body, type.c_str())
    );
}

HttpAnswer http_delete(const std::string& url, int timeout_seconds) {
    const Target target = split(url);
    return answer(client(target, timeout_seconds).Delete(target.path.c_str()));
}

nlohmann::json json_of(const HttpAnswer& answer) {
    if (answer.status < 200 || answer.status > 299) {
        throw std::runtime_error(
            "HTTP " + std::to_string(answer.status) + ": " + answer.body.substr(0, 500)
        );
    }
    return nlohmann::json::parse(answer.body);
}

nlohmann::json post_json(const std::string& url, const nlohmann::json& body) {
    return json_of(http_post(url, body.dump()));
}

}  // namespace tecnochat::testkit
