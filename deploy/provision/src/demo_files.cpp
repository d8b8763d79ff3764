#include "demo_files.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::provision {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxItems = 1000;
constexpr std::array<std::string_view, 6> kKinds{
    "faq", "hours", "product", "service", "policy", "other"
};

Error bad(const std::string& where, std::string_view what) {
    return make_error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", where, what));
}

Result<json> parse_object(const std::string& text, const std::string& name) {
    json value = json::parse(text, nullptr, false);
    if (!value.is_object()) return bad(name, "is not a JSON object");
    return value;
}

Result<std::string> required_text(
    const json& object, const char* member, const std::string& where
) {
    const auto it = object.find(member);
    if (it == object.end() || !it->is_string() || it->get_ref<const std::string&>().empty()) {
        return bad(where, fmt::format("'{}' is missing or not a text", member));
    }
    return it->get<std::string>();
}

Result<std::string> required_uuid(
    const json& object, const char* member, const std::string& where
) {
    TECNOCHAT_TRY(auto text, required_text(object, member, where));
    if (!Uuid::parse(text)) return bad(where, fmt::format("'{}' is not a UUID", member));
    return text;
}

Result<Knowledge> parse_item(const json& item, const std::string& where) {
    if (!item.is_object()) return bad(where, "is not a JSON object");
    Knowledge knowledge;
    TECNOCHAT_TRY(knowledge.id, required_uuid(item, "id", where));
    TECNOCHAT_TRY(knowledge.kind, required_text(item, "kind", where));
    TECNOCHAT_TRY(knowledge.title, required_text(item, "title", where));
    TECNOCHAT_TRY(knowledge.text, required_text(item, "text", where));
    if (std::find(kKinds.begin(), kKinds.end(), knowledge.kind) == kKinds.end()) {
        return bad(where, fmt::format("unknown kind '{}'", knowledge.kind));
    }
    return knowledge;
}

}  // namespace

Result<Business> parse_business(const std::string& text, const std::string& name) {
    TECNOCHAT_TRY(const json value, parse_object(text, name));
    Business business;
    TECNOCHAT_TRY(business.tenant_id, required_uuid(value, "tenant_id", name));
    TECNOCHAT_TRY(business.waba_id, required_text(value, "waba_id", name));
    TECNOCHAT_TRY(business.phone_number_id, required_text(value, "phone_number_id", name));
    TECNOCHAT_TRY(
        business.display_phone_number, required_text(value, "display_phone_number", name)
    );
    return business;
}

Result<std::vector<Knowledge>> parse_knowledge(
    const std::string& text, const std::string& name, const std::string& tenant_id
) {
    TECNOCHAT_TRY(const json value, parse_object(text, name));
    TECNOCHAT_TRY(const auto owner, required_uuid(value, "tenant_id", name));
    if (owner != tenant_id) return bad(name, "belongs to another tenant than the business");
    const auto items = value.find("items");
    if (items == value.end() || !items->is_array()) return bad(name, "'items' is not a list");
    if (items->size() > kMaxItems) return bad(name, fmt::format("more than {} items", kMaxItems));
    std::vector<Knowledge> knowledge;
    std::set<std::string> ids;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const auto where = fmt::format("{}: item {}", name, i + 1);
        TECNOCHAT_TRY(auto item, parse_item((*items)[i], where));
        if (!ids.insert(item.id).second) return bad(where, "its id occurs twice");
        knowledge.push_back(std::move(item));
    }
    return knowledge;
}

}  // namespace tecnochat::provision
