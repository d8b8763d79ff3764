#include "http/json_exchange.hpp"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "json_views.hpp"
#include "tecnochat/rpc/errors.hpp"

namespace tecnochat::meta_simulator {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::size_t end = std::min(path.find('/'), path.size());
        segments.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return segments;
}

bool matches(
    const std::vector<std::string>& pattern,
    const std::vector<std::string>& path,
    std::vector<std::string>& captured
) {
    if (pattern.size() != path.size()) return false;
    captured.clear();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == "{}") {
            captured.push_back(path[i]);
        } else if (pattern[i] != path[i]) {
            return false;
        }
    }
    return true;
}

Error wrong_type(const char* key, const char* wanted) {
    return make_error(
        ErrorCode::kInvalidArgument, "field " + std::string(key) + " must be " + wanted
    );
}

}  // namespace

std::string JsonRoutes::Call::query(const std::string& name) const {
    return request.get_param_value(name);
}

Result<std::int64_t> JsonRoutes::Call::query_number(const std::string& name, std::int64_t otherwise)
    const {
    const std::string text = query(name);
    if (text.empty()) return otherwise;
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) {
        return make_error(ErrorCode::kInvalidArgument, name + " must be a whole number");
    }
    return value;
}

void JsonRoutes::add(std::string method, std::string_view pattern, Handler handler) {
    routes_.push_back({std::move(method), split(pattern), std::move(handler)});
}

bool JsonRoutes::handle(const httplib::Request& request, httplib::Response& response) const {
    const auto path = split(request.path);
    std::vector<std::string> captured;
    for (const auto& route : routes_) {
        if (route.method != request.method || !matches(route.pattern, path, captured)) continue;
        nlohmann::json body;
        if (!request.body.empty()) {
            body = nlohmann::json::parse(request.body, nullptr, false);
            if (!body.is_object()) {
                answer_json(response, 400, {{"error", "the body is not a JSON object"}});
                return true;
            }
        }
        const auto result = route.handler(Call{captured, body, request});
        if (result) {
            answer_json(response, 200, *result);
        } else {
            const auto& error = result.error();
            answer_json(response, rpc::http_status(error.code), {{"error", error.message}});
        }
        return true;
    }
    return false;
}

void answer_json(httplib::Response& response, int status, const nlohmann::json& json) {
    response.status = status;
    response.set_content(dump(json), "application/json; charset=utf-8");
}

Result<std::string> string_field(
    const nlohmann::json& body, const char* key, std::string otherwise
) {
    if (!body.is_object() || !body.contains(key) || body[key].is_null()) return otherwise;
    if (!body[key].is_string()) return wrong_type(key, "a string");
    return body[key].get<std::string>();
}

Result<std::int64_t> integer_field(
    const nlohmann::json& body, const char* key, std::int64_t otherwise
) {
    if (!body.is_object() || !body.contains(key) || body[key].is_null()) return otherwise;
    if (!body[key].is_number_integer()) return wrong_type(key, "a whole number");
    return body[key].get<std::int64_t>();
}

Result<bool> bool_field(const nlohmann::json& body, const char* key, bool otherwise) {
    if (!body.is_object() || !body.contains(key) || body[key].is_null()) return otherwise;
    if (!body[key].is_boolean()) return wrong_type(key, "true or false");
    return body[key].get<bool>();
}

Status only_fields(const nlohmann::json& body, std::initializer_list<std::string_view> known) {
    if (!body.is_object()) return ok();
    for (const auto& [key, value] : body.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return make_error(ErrorCode::kInvalidArgument, "unknown field " + key);
        }
    }
    return ok();
}

}  // namespace tecnochat::meta_simulator
