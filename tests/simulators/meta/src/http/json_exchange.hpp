#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/result.hpp"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace tecnochat::meta_simulator {

/// A table of JSON routes for the control API and the phone page. A pattern's `{}` matches one path
/// segment; the handler gets those segments, the parsed body (null without one) and the raw request
/// for its query. An Error becomes `{"error":…}` with the fitting HTTP status.
class JsonRoutes {
 public:
    struct Call {
        std::vector<std::string> segments;
        const nlohmann::json& body;
        const httplib::Request& request;

        [[nodiscard]] std::string query(const std::string& name) const;
        /// INVALID_ARGUMENT when it is there but no whole number.
        [[nodiscard]] Result<std::int64_t> query_number(
            const std::string& name, std::int64_t otherwise
        ) const;
    };
    using Handler = std::function<Result<nlohmann::json>(const Call&)>;

    void add(std::string method, std::string_view pattern, Handler handler);
    /// False when no route has this method and path.
    bool handle(const httplib::Request& request, httplib::Response& response) const;

 private:
    struct Route {
        std::string method;
        std::vector<std::string> pattern;
        Handler handler;
    };
    std::vector<Route> routes_;
};

void answer_json(httplib::Response& response, int status, const nlohmann::json& json);

// Fields of a request body; absent or null gives `otherwise`, another JSON type is
// INVALID_ARGUMENT.
Result<std::string> string_field(
    const nlohmann::json& body, const char* key, std::string otherwise = {}
);
Result<std::int64_t> integer_field(
    const nlohmann::json& body, const char* key, std::int64_t otherwise
);
Result<bool> bool_field(const nlohmann::json& body, const char* key, bool otherwise);

/// INVALID_ARGUMENT when the body has a key that is not listed: a misspelt fault must not pass.
Status only_fields(const nlohmann::json& body, std::initializer_list<std::string_view> known);

}  // namespace tecnochat::meta_simulator
