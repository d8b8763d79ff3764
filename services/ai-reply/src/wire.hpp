#pragma once

#include "domain/reply.hpp"
#include "tecnochat/ai/v1/events.pb.h"

namespace tecnochat::ai_reply {

// Domain words to wire words, shared by events and RPC.

ai::v1::AiAction to_wire(Action action);
ai::v1::AiIntent to_wire(Intent intent);
void to_wire(const Source& source, ai::v1::Source& out);

}  // namespace tecnochat::ai_reply
