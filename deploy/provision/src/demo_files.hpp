#pragma once

#include <string>
#include <vector>

#include "tecnochat/core/result.hpp"

namespace tecnochat::provision {

/// A business to seed: the tenant and its one number.
struct Business {
    std::string tenant_id;
    std::string waba_id;
    std::string phone_number_id;
    std::string display_phone_number;
};

/// What a business tells about itself. The kind is a word of the outside contract, e.g. "faq".
struct Knowledge {
    std::string id;
    std::string kind;
    std::string title;
    std::string text;
};

/// Reads a business' JSON; members that seeding does not need are ignored. `name` is the file's,
/// for the error: `<name>: <what>`.
Result<Business> parse_business(const std::string& text, const std::string& name);

/// Reads the JSON of a tenant's knowledge, at most 1000 items. Refuses items of another tenant, an
/// id that occurs twice, and kinds the contract does not have.
Result<std::vector<Knowledge>> parse_knowledge(
    const std::string& text, const std::string& name, const std::string& tenant_id
);

}  // namespace tecnochat::provision
