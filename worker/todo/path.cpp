#include "path.hpp"

#include "uuid.hpp"

using todo::TodoId;
using todo::Uuid;

std::optional<TodoId> fcgi_worker::PathParameter<TodoId>::parse(std::string_view text) {
    static const Uuid nil;
    static const Uuid max = *Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff");
    const auto id = Uuid::parse(text);
    if (!id || *id == nil || *id == max) return std::nullopt;
    return TodoId{*id};
}
