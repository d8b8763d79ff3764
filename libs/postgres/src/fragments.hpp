#pragma once

#include <functional>
#include <map>
#include <string>

namespace tecnochat::postgres {

/// The SQL of migrations/fragments by name. Compiled in, so that whoever migrates (provisioning, a
/// test, an image) needs no folder but the service's.
const std::map<std::string, std::string, std::less<>>& fragments();

}  // namespace tecnochat::postgres
