#pragma once

#include "ports.hpp"

namespace tecnochat::ai_reply {

/// What every KnowledgeStore must do, the fake of the unit tests included; uses an empty store.
void check_knowledge_store(KnowledgeStore& store);

}  // namespace tecnochat::ai_reply
