#pragma once

#include "domain/builtin_engine.hpp"
#include "ports.hpp"
#include "use_cases/knowledge_indexes.hpp"

namespace tecnochat::ai_reply {

/// The built-in engine on each tenant's own knowledge.
class BuiltinReplyEngine final : public ReplyEngine {
 public:
    explicit BuiltinReplyEngine(KnowledgeIndexes& indexes) : indexes_(indexes) {}

    Result<Reply> reply(const TenantId& tenant, const Question& question, Deadline deadline)
        override {
        TECNOCHAT_TRY(const auto index, indexes_.of(tenant, deadline));
        return engine_.answer(question, *index);
    }

 private:
    KnowledgeIndexes& indexes_;
    BuiltinEngine engine_;
};

}  // namespace tecnochat::ai_reply
