# purity_objects: what must be pure, the objects of the pure folders and of the paper broker's model. purity_check: the
# command that looks at them. A new source in one of these folders is looked at like the others. Sanitizers and coverage
# import things of their own: with them, purity_check is empty.
set(purity_check)
if(NOT LEDGER_SANITIZE AND NOT LEDGER_COVERAGE AND NOT LEDGER_ANALYZE AND NOT LEDGER_FUZZ)
    set(purity_objects $<FILTER:$<TARGET_OBJECTS:gateway>,INCLUDE,/paper[^/]*[.]c[.]o$>)
    set(purity_beside $<FILTER:$<TARGET_OBJECTS:gateway>,EXCLUDE,/paper[^/]*[.]c[.]o$>)
    foreach(module ledger_core market risk strategy book)
        list(APPEND purity_objects $<TARGET_OBJECTS:${module}>)
    endforeach()
    foreach(module ledger_store audit reports incident agent server ledger)
        if(TARGET ${module})
            list(APPEND purity_beside $<TARGET_OBJECTS:${module}>)
        endif()
    endforeach()
    set(purity_check ${CMAKE_COMMAND} -E env NM=${CMAKE_NM} OBJDUMP=${CMAKE_OBJDUMP}
        ${CMAKE_SOURCE_DIR}/tests/purity/check --beside ${purity_beside} -- ${purity_objects})
endif()
