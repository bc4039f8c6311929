update tagging.tags set is_themed = true where is_themed is null
