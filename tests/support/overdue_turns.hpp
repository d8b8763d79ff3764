#pragma once

#include "tecnochat/core/uuid.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// As if the AI had owed the tenant's open turns an answer for a day: the router's next look ends
/// them, however long or short its patience and the test's way to here.
void make_overdue(const testkit::Stack& stack, const TenantId& tenant);

}  // namespace tecnochat::scenarios
